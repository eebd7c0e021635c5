-- Keys of the operator, which belong to no tenant.

CREATE TABLE analytics.platform_key (
    key_id       uuid CONSTRAINT platform_key_pkey PRIMARY KEY,
    key_hash     bytea NOT NULL CONSTRAINT platform_key_hash UNIQUE
                 CHECK (octet_length(key_hash) = 32),
    name         text NOT NULL,
    scopes       text[] NOT NULL,
    -- The tenants it may act for; null: all.
    tenants      text[],
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz
);
GRANT SELECT, INSERT, UPDATE ON analytics.platform_key TO tessera_app;

-- What embed tokens are signed with: the newest signs, those before it are
-- honoured until nothing that they signed can be valid any more.
CREATE TABLE analytics.embed_secret (
    secret_id  uuid CONSTRAINT embed_secret_pkey PRIMARY KEY,
    secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, DELETE ON analytics.embed_secret TO tessera_app;
