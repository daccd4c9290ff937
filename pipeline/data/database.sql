-- The database of a run, events.duckdb, and what `hasila load` makes in PostgreSQL: one text for
-- both, so nothing here may be of one of them alone. No keys are declared: they would have to be
-- held in memory while rows come in; `hasila verify` checks that ids are unique.
-- Offsets (span_start, span_end, evidence_start, evidence_end) count code points of the report's
-- text; days are both included; counts are people.

CREATE TABLE reports (
    report_id TEXT NOT NULL,
    source TEXT,
    title TEXT,
    published TEXT,              -- ISO day or time, as it was read
    language TEXT,
    sha256 TEXT,                 -- of the text as read
    warnings BIGINT              -- how many
);

CREATE TABLE events (
    event_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    scope TEXT NOT NULL,         -- incident or cumulative; never add one to the other
    cause TEXT,
    cause_text TEXT,
    cause_start BIGINT,
    cause_end BIGINT,
    date_start DATE,
    date_end DATE,
    date_precision TEXT,
    date_basis TEXT,
    date_text TEXT,
    confidence DOUBLE PRECISION
);

CREATE TABLE casualties (
    casualty_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count_value BIGINT,
    count_low BIGINT,
    count_high BIGINT,           -- null: no upper bound
    qualifier TEXT,
    kind TEXT,
    count_text TEXT,
    count_start BIGINT,
    count_end BIGINT,
    victims_text TEXT,
    victims_start BIGINT,
    victims_end BIGINT,
    victims_party_id TEXT,       -- several joined by ;
    victims_name TEXT,
    victims_category TEXT,
    victims_demographics TEXT,   -- several joined by ;
    subset_of TEXT,
    same_as TEXT,
    confidence DOUBLE PRECISION,
    evidence_start BIGINT,
    evidence_end BIGINT,
    evidence_text TEXT
);

CREATE TABLE places (            -- of an event; rank 1 is the most specific
    event_id TEXT NOT NULL,
    rank BIGINT NOT NULL,
    text TEXT,
    span_start BIGINT,
    span_end BIGINT,
    name TEXT,
    name_ar TEXT,
    geonameid BIGINT,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    admin1 TEXT,
    country TEXT,
    precision_code TEXT
);

CREATE TABLE parties (           -- a row a party that did it, or whose people were harmed
    event_id TEXT NOT NULL,
    casualty_id TEXT,            -- null for perpetrators, who are the whole event's
    role TEXT NOT NULL,          -- perpetrator or victim
    rank BIGINT NOT NULL,
    party_id TEXT,
    name TEXT,
    text TEXT,
    span_start BIGINT,
    span_end BIGINT
);

CREATE TABLE sources (           -- according to whom a record is
    casualty_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    party_id TEXT,
    name TEXT,
    text TEXT,
    span_start BIGINT,
    span_end BIGINT
);

-- The records that may be added up, beside what their event says. Within a report only: a toll
-- that two reports tell is here twice.
CREATE VIEW net_records AS
SELECT
    c.report_id, c.event_id, c.casualty_id, e.scope, c.outcome, c.count_value, c.count_low,
    c.count_high, c.victims_category, c.victims_party_id, e.cause, e.date_start, e.date_end,
    p.admin1, p.country, p.name AS place, c.confidence, c.evidence_text
FROM casualties c
JOIN events e ON e.event_id = c.event_id
LEFT JOIN places p ON p.event_id = c.event_id AND p.rank = 1
WHERE c.subset_of IS NULL AND c.same_as IS NULL;

-- In every view of sums: low adds lower bounds (0 where there is none); high adds upper bounds and
-- is null as soon as one record has none, of which there are `unbounded`.
CREATE VIEW net_toll AS
SELECT
    scope, outcome, COUNT(*) AS records,
    CAST(SUM(COALESCE(count_low, 0)) AS BIGINT) AS low,
    CASE WHEN COUNT(*) = COUNT(count_high) THEN CAST(SUM(count_high) AS BIGINT) END AS high,
    COUNT(*) - COUNT(count_high) AS unbounded
FROM net_records
GROUP BY scope, outcome
ORDER BY scope DESC, outcome;

-- A month (its first day) only where the whole date lies in it; null for all else.
CREATE VIEW by_month AS
SELECT
    month, scope, outcome, COUNT(*) AS records,
    CAST(SUM(COALESCE(count_low, 0)) AS BIGINT) AS low,
    CASE WHEN COUNT(*) = COUNT(count_high) THEN CAST(SUM(count_high) AS BIGINT) END AS high,
    COUNT(*) - COUNT(count_high) AS unbounded
FROM (
    SELECT
        scope, outcome, count_low, count_high,
        CASE WHEN DATE_TRUNC('month', date_start) = DATE_TRUNC('month', date_end)
            THEN CAST(DATE_TRUNC('month', date_start) AS DATE) END AS month
    FROM net_records
) AS dated
GROUP BY month, scope, outcome
ORDER BY month NULLS LAST, scope DESC, outcome;

-- By the governorate (first administrative level) of the event's most specific place.
CREATE VIEW by_governorate AS
SELECT
    country, admin1, scope, outcome, COUNT(*) AS records,
    CAST(SUM(COALESCE(count_low, 0)) AS BIGINT) AS low,
    CASE WHEN COUNT(*) = COUNT(count_high) THEN CAST(SUM(count_high) AS BIGINT) END AS high,
    COUNT(*) - COUNT(count_high) AS unbounded
FROM net_records
GROUP BY country, admin1, scope, outcome
ORDER BY country NULLS LAST, admin1 NULLS LAST, scope DESC, outcome;

-- A record with several parties in one role is counted for each, and in `shared`: never add up
-- over parties. A party that is not known goes by the words of the text.
CREATE VIEW by_party AS
SELECT
    role, party_id, COALESCE(MAX(name), party_id, unknown) AS party, scope, outcome,
    COUNT(*) AS records, CAST(SUM(COALESCE(count_low, 0)) AS BIGINT) AS low,
    CASE WHEN COUNT(*) = COUNT(count_high) THEN CAST(SUM(count_high) AS BIGINT) END AS high,
    COUNT(*) - COUNT(count_high) AS unbounded,
    CAST(SUM(CASE WHEN of_several THEN 1 ELSE 0 END) AS BIGINT) AS shared
FROM (
    SELECT
        role, party_id, name, unknown, casualty_id, scope, outcome, count_low, count_high,
        COUNT(*) OVER (PARTITION BY role, casualty_id) > 1 AS of_several
    FROM (
        SELECT
            p.role, p.party_id, CASE WHEN p.party_id IS NULL THEN p.text END AS unknown,
            MAX(p.name) AS name, n.casualty_id, n.scope, n.outcome, n.count_low, n.count_high
        FROM net_records n
        JOIN parties p ON p.event_id = n.event_id
            AND (p.casualty_id IS NULL OR p.casualty_id = n.casualty_id)
        GROUP BY
            p.role, p.party_id, CASE WHEN p.party_id IS NULL THEN p.text END, n.casualty_id,
            n.scope, n.outcome, n.count_low, n.count_high
    ) AS told
) AS counted
GROUP BY role, party_id, unknown, scope, outcome
ORDER BY role, party, party_id, scope DESC, outcome;

-- What each named source says. `disputed` where another source gives, of the same event, outcome
-- and kind of people, a number that can't be the same: one's upper bound is below the other's lower.
CREATE VIEW claims AS
WITH told AS (
    SELECT
        c.report_id, c.event_id, c.casualty_id, COALESCE(s.name, s.text) AS claimant,
        s.party_id AS claimant_id, e.scope, c.outcome, c.count_value, c.count_low, c.count_high,
        c.victims_text, COALESCE(c.victims_category, '') AS category,
        COALESCE(c.victims_party_id, '') AS side, c.subset_of, c.same_as, c.evidence_text
    FROM casualties c
    JOIN sources s ON s.casualty_id = c.casualty_id
    JOIN events e ON e.event_id = c.event_id
)
SELECT
    a.report_id, a.event_id, a.casualty_id, a.claimant, a.claimant_id, a.scope, a.outcome,
    a.count_value, a.count_low, a.count_high, a.victims_text, a.subset_of, a.same_as,
    COUNT(b.casualty_id) > 0 AS disputed, a.evidence_text
FROM told a
LEFT JOIN told b ON b.event_id = a.event_id AND b.outcome = a.outcome
    AND b.category = a.category AND b.side = a.side AND b.claimant <> a.claimant
    AND a.subset_of IS NULL AND b.subset_of IS NULL
    AND (a.count_high < b.count_low OR b.count_high < a.count_low)
GROUP BY
    a.report_id, a.event_id, a.casualty_id, a.claimant, a.claimant_id, a.scope, a.outcome,
    a.count_value, a.count_low, a.count_high, a.victims_text, a.subset_of, a.same_as,
    a.evidence_text;
