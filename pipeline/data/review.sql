-- What `hasila review` keeps in review.duckdb. Rows are only ever added.

-- The machine's reading of each report that was queued, with the text that its offsets count in.
CREATE TABLE IF NOT EXISTS readings (
    report_id VARCHAR PRIMARY KEY,
    sha256 VARCHAR NOT NULL,   -- of the text, as in reports.jsonl
    report VARCHAR NOT NULL,   -- JSON: pipeline.schema.Report
    country VARCHAR NOT NULL,  -- ISO 3166-1 alpha-2 that most of its events lie in, or ''
    reading VARCHAR NOT NULL,  -- JSON: pipeline.review.Reading
    model VARCHAR NOT NULL     -- SHA-256 over the model's files
);

-- Every decision, in the order in which it was made; an undo is a decision too.
CREATE TABLE IF NOT EXISTS decisions (
    seq BIGINT PRIMARY KEY,
    report_id VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    decided_at VARCHAR NOT NULL, -- ISO time, UTC
    action VARCHAR NOT NULL,   -- accept, reject, set, mark, move, unmark, link, unlink, add, merge,
                               -- split, done, undo
    body VARCHAR NOT NULL      -- JSON: what it is about (pipeline/review.py)
);
