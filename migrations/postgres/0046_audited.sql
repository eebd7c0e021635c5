-- Records of the changes that had none: who may see what, whose tokens hold no
-- more, what a tenant is allowed of its own, and the operator's keys and secret.
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON analytics.role
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('role', 'role', 'base,access');
CREATE TRIGGER audited AFTER INSERT OR DELETE ON analytics.token_revocation
    FOR EACH ROW EXECUTE FUNCTION
    analytics.audit('token_revocation', 'revocation_id', 'issuer,token_id,subject,issued_before');
-- Its row is made empty and changed at once.
CREATE TRIGGER audited AFTER UPDATE ON analytics.plan_override
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('tenant_limits', 'tenant_id', '*');
CREATE TRIGGER audited
    AFTER INSERT OR UPDATE OF name, scopes, tenants, expires_at, revoked_at ON analytics.platform_key
    FOR EACH ROW EXECUTE FUNCTION
    analytics.audit('platform_key', 'key_id', 'name,scopes,tenants,expires_at,revoked_at');
CREATE TRIGGER audited AFTER INSERT ON analytics.embed_secret
    FOR EACH ROW EXECUTE FUNCTION analytics.audit('embed_secret', 'secret_id', '');
