"""Building the encoder, fine-tuning the tagger on it, exporting it for the runtime."""
