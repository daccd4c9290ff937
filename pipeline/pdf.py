def read_pdf(blob, options):
    raise NotImplementedError
