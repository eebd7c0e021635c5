-- Erasures that are done again after a restore, by versions and by one clock.

-- When a rejected point was kept, by the database's clock: `received_at` is a
-- server's. Null in rows from before this.
ALTER TABLE analytics.quarantine ADD COLUMN kept_at timestamptz;

-- A value that reads as a number (1.0) names that number (1) too: the hash of
-- its canonical text, where that is another.
ALTER TABLE analytics.erasure ADD COLUMN number_hash bytea CHECK (octet_length(number_hash) = 32);
COMMENT ON TABLE analytics.erasure IS
    'Rows up to the receipt''s version_after are meant, not later ones.';

-- An erasure is never given up: those that were begin again.
UPDATE analytics.job SET state = 'waiting', attempts = 0, holder = NULL, lease_until = NULL,
        finished_at = NULL
    WHERE kind = 'erasure' AND state = 'failed';
