// Made from the server's OpenAPI document by `npm run types`.

export interface paths {
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists changes of keys, plans, definitions and data, and refusals. */
        get: {
            parameters: {
                query?: {
                    /** @description Only this tenant's. */
                    tenant?: string;
                    /** @description Only by this caller. */
                    who?: string;
                    /** @description Only of this sort, such as `key.created` or `access.refused`. */
                    action?: string;
                    /** @description At or after this moment. */
                    since?: string;
                    /** @description Before this moment. */
                    until?: string;
                    /** @description At most so many, 100 when left out, 1,000 at most. */
                    limit?: number;
                    /** @description Behind the last of an earlier answer: its `next_cursor`. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the entries */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditLog"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/embed-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs embed tokens with a new secret from now on.
         * @description Tokens that were made before last for as long as they were meant to. The
         *     server does so by itself every 30 days.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the new secret signs */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists plans and what they allow. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the plans */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlanList"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/plans/{plan}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes some of what a plan allows.
         * @description It holds on every server within five seconds, for all tenants of the plan
         *     but those with a limit of their own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the plan */
                    plan: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LimitChanges"];
                };
            };
            responses: {
                /** @description the plan from now on */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlanView"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such plan */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/platform-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the platform keys. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the keys */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlatformKeyList"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes a platform key.
         * @description Its secret is in this answer and nowhere else.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPlatformKey"];
                };
            };
            responses: {
                /** @description the key */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadePlatformKey"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/platform-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes a platform key.
         * @description Every server refuses it within five seconds.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the key's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such key */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists queries of all tenants; `tenant=` names one. */
        get: {
            parameters: {
                query?: {
                    /** @description only this tenant's */
                    tenant?: string;
                    /**
                     * @description Those that ended (default), or those that run on the server that
                     *     answers.
                     */
                    state?: components["schemas"]["Listing"];
                    /**
                     * @description Only those with this verdict: `finished`, `truncated`, `failed`,
                     *     `cancelled`, `timed_out` or `refused`.
                     */
                    verdict?: string;
                    /** @description Asked at or after this moment. */
                    since?: string;
                    /** @description Asked before this moment. */
                    until?: string;
                    /** @description At most so many, 100 when left out, 1,000 at most. */
                    limit?: number;
                    /** @description Behind the last of an earlier answer: its `next_cursor`. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the queries */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Queries"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/queries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancels a query of any tenant that runs on the server that answers. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the query's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is cancelled */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query runs */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists tenants, some at a time. */
        get: {
            parameters: {
                query?: {
                    /** @description Those behind this one: `next` of the page before. */
                    after?: string;
                    /** @description How many, 1 to 1,000; 100 when left out. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the tenants */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Tenants"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a tenant. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTenant"];
                };
            };
            responses: {
                /** @description the tenant is there */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description it was there before */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Moves a tenant to another plan, or its days to another zone. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the tenant's id */
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TenantChange"];
                };
            };
            responses: {
                /** @description it is changed */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such tenant */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/admin/tenants/{tenant}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what holds for a tenant. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the tenant */
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description what holds */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantLimitsView"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such tenant */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Gives a tenant limits of its own; null makes one the plan's again.
         * @description It holds on every server within five seconds.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the tenant */
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LimitChanges"];
                };
            };
            responses: {
                /** @description what holds from now on */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantLimitsView"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such tenant */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what all tenants used, for bills: as JSON, or as CSV where Accept
         *     asks for that.
         * @description Of today, the last second may be missing.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The first UTC day, as `2025-01-31`; today when left out. */
                    from?: string;
                    /** @description The last UTC day, included; today when left out. */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description what was used */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UsageList"];
                        "text/csv": string;
                    };
                };
                /** @description a day that is none */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/collect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends an event of a platform.
         * @description The platform's registration says which points it gives: an order, for
         *     example, gives its revenue and the customer's activity. A point whose value
         *     the event lacks is rejected by name, the others are kept; where the
         *     registration says that events may lack it, it is left out silently.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description the same key and body within 7 days give the first answer again */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            responses: {
                /** @description the event's points are durable */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description nothing was kept, or the key stands for another body */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows the tenant's dashboard.
         * @description Each metric is rolled up by its kind, exactly. `30d` are the 30 local days
         *     that end today; today is included and marked unfinished.
         */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description The days that end today: `7d`, `30d` (default), `12w`, `12m`, `1y`.
                     * @example 30d
                     */
                    time_range?: string;
                    /** @description Instead of `time_range`: the first day, as `2025-01-31`. */
                    from?: string;
                    /** @description The last day, included. */
                    to?: string;
                    /** @description Only this platform. */
                    platform?: string;
                    /** @description Whether the period before is shown beside. */
                    compare?: components["schemas"]["Compare"];
                    /**
                     * @description The zone that days begin in, such as `Europe/London`; the tenant's own
                     *     when left out.
                     */
                    tz?: string;
                    /** @description Whether top values that only raw points know are always answered. */
                    top?: components["schemas"]["Top"];
                    /** @description Decimals as numbers (default) or as text. */
                    decimals?: components["schemas"]["Decimals"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the dashboard */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dashboard"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/data-points": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends data points.
         * @description A faulty point is rejected and named, the others are kept. When all are
         *     rejected, or one is and `strict` is set, nothing is kept and the status
         *     is 422. Unless `strict` is set, rejected points go into quarantine for 7
         *     days.
         *
         *     CSV has a header line. The columns `platform`, `metric_type`, `metric_name`,
         *     `value` (or `metric_value`), `recorded_at`, `event_id`, `tenant_id` and
         *     `dimensions` (a JSON object) are the point's; `dim.<key>` and any other
         *     column is the dimension of that name as text, `num.<key>` as a number; an
         *     empty cell says nothing. In Arrow streams and Parquet files columns have the
         *     same names, and dimensions the type of their column. `ingested_at`,
         *     `commit_version` and, beside `dimensions`, `dim_…` and `num_…` are passed
         *     over, so that an export can be sent as it is.
         *
         *     One JSON text has at most 32 MiB. Other bodies may have as much as the
         *     server takes (256 MiB unless set otherwise) and four times that unpacked,
         *     at most 200 times as much as sent, and at most 5,000,000 points. All of a
         *     body is committed at once.
         */
        post: {
            parameters: {
                query?: {
                    /** @description One faulty point and nothing is kept. */
                    strict?: boolean;
                };
                header?: {
                    /** @description the same key, body and `strict` within 7 days give the first answer again */
                    "Idempotency-Key"?: string | null;
                    /** @description `gzip` or `zstd` (with a window of at most 8 MiB) */
                    "Content-Encoding"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DataPoints"];
                    "application/vnd.apache.arrow.stream": number[];
                    "application/vnd.apache.parquet": number[];
                    "application/x-ndjson": components["schemas"]["DataPoint"];
                    "text/csv": string;
                };
            };
            responses: {
                /** @description the points are durable */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description nothing was kept, or the key stands for another body */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/embed-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an embed token.
         * @description It ends with the key that made it, and shows no more than that key sees.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewEmbedToken"];
                };
            };
            responses: {
                /** @description the token */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeEmbedToken"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/endpoints/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Calls a saved query.
         * @description Each of its parameters is given by name (`?platform=coreldove`) and bound as
         *     a value of its type. The answer is that of `POST /api/analytics/sql`, written
         *     as `Accept` asks.
         */
        get: {
            parameters: {
                query?: {
                    /** @description A version; the newest when left out. */
                    version?: number;
                    /** @description Decimals in JSON as numbers (default) or as text. */
                    decimals?: components["schemas"]["Decimals"];
                    /** @description Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are. */
                    raw?: boolean;
                };
                header?: never;
                path: {
                    /** @description the saved query's name */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SqlAnswer"];
                        "application/x-ndjson": string;
                        "text/csv": string;
                        "application/vnd.apache.arrow.stream": number[];
                        "application/vnd.apache.parquet": number[];
                    };
                };
                /** @description a parameter that is unknown, missing or of another type */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query or version */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no format that Accept names */
                406: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's erasures. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the erasures */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Erasures"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Erases points of the tenant, with a receipt.
         * @description Give `dimension` and `value`, or `"tenant": true` with the tenant's id in
         *     `confirm`. Queries and exports that began before may fail. What takes longer
         *     than 20 seconds is answered with 202 and carried out all the same.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ErasureRequest"];
                };
            };
            responses: {
                /** @description the erasure with its receipt */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Erasure"];
                    };
                };
                /** @description noted; it is being carried out, see the list */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Erasure"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exports a table or a query as one file.
         * @description A file that arrives whole holds all rows of one version.
         */
        post: {
            parameters: {
                query?: {
                    /** @description Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are. */
                    raw?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ExportRequest"];
                };
            };
            responses: {
                /** @description the file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/vnd.apache.parquet": number[];
                        "text/csv": string;
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's keys. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the keys */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiKeys"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes a key.
         * @description Its secret is in this answer and nowhere else.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            responses: {
                /** @description the key */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeKey"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description the tenant has too many keys */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes a key.
         * @description Every server refuses it within five seconds. A key that is revoked already
         *     stays so.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the key's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such key */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's metrics. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the metrics */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Metrics"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/metrics/{platform}/{metric_type}/{metric_name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Says what a metric is, whether or not points of it came already.
         * @description Every answer follows the new definition at once, over all points. The same
         *     definition again changes nothing.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the platform that sends it */
                    platform: string;
                    /** @description its family */
                    metric_type: string;
                    /** @description its name */
                    metric_name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDefinition"];
                };
            };
            responses: {
                /** @description the definition is in force */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DefinitionSet"];
                    };
                };
                /** @description a definition whose numbers would be wrong */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/platforms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the platforms. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the platforms */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Platforms"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/platforms/{platform}/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the dashboard of one platform. */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description The days that end today: `7d`, `30d` (default), `12w`, `12m`, `1y`.
                     * @example 30d
                     */
                    time_range?: string;
                    /** @description Instead of `time_range`: the first day, as `2025-01-31`. */
                    from?: string;
                    /** @description The last day, included. */
                    to?: string;
                    /** @description Only this platform. */
                    platform?: string;
                    /** @description Whether the period before is shown beside. */
                    compare?: components["schemas"]["Compare"];
                    /**
                     * @description The zone that days begin in, such as `Europe/London`; the tenant's own
                     *     when left out.
                     */
                    tz?: string;
                    /** @description Whether top values that only raw points know are always answered. */
                    top?: components["schemas"]["Top"];
                    /** @description Decimals as numbers (default) or as text. */
                    decimals?: components["schemas"]["Decimals"];
                };
                header?: never;
                path: {
                    /** @description a registered platform */
                    platform: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the dashboard */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dashboard"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such platform */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists rejected points.
         * @description Points that a body was not rejected whole for are kept for 7 days, at most
         *     10,000 and 16 MiB a tenant; the oldest make room.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Those with this field at fault. */
                    field?: string;
                    /** @description Those that name this platform. */
                    platform?: string;
                    /** @description How many at most, up to 1,000; 100 when left out. */
                    limit?: number;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page of rejected points */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Quarantined"];
                    };
                };
                /** @description a parameter is malformed */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/quarantine/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends many rejected points again, as they were.
         * @description Each one is a commit of its own; what was replayed when an error is
         *     answered stays replayed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReplayRequest"];
                };
            };
            responses: {
                /** @description what became of them */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Replayed"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/quarantine/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Drops a rejected point. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the rejected point */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such rejected point */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description it is being replayed */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/quarantine/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a rejected point again.
         * @description Without a body it is sent as it was, else as the body says. It counts once,
         *     however often it is replayed. Without `recorded_at` it counts at the time at
         *     which it first came.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the rejected point */
                    id: string;
                };
                cookie?: never;
            };
            /** @description the corrected point; none: as it was */
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DataPoint"];
                };
            };
            responses: {
                /** @description the point is durable, or its event was known */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Replayed"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such rejected point */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description rejected again */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Replayed"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists queries of the tenant.
         * @description An admin sees everybody's, another caller its own. Those that ended are
         *     there some seconds later, for 30 days.
         */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description Those that ended (default), or those that run on the server that
                     *     answers.
                     */
                    state?: components["schemas"]["Listing"];
                    /**
                     * @description Only those with this verdict: `finished`, `truncated`, `failed`,
                     *     `cancelled`, `timed_out` or `refused`.
                     */
                    verdict?: string;
                    /** @description Asked at or after this moment. */
                    since?: string;
                    /** @description Asked before this moment. */
                    until?: string;
                    /** @description At most so many, 100 when left out, 1,000 at most. */
                    limit?: number;
                    /** @description Behind the last of an earlier answer: its `next_cursor`. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the queries */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Queries"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/queries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Cancels a query that runs on the server that answers.
         * @description It ends within a second. An admin may cancel everybody's of the tenant,
         *     another caller its own; what is not there and what is not theirs is the same
         *     404.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the query's id: `Tessera-Query-Id` */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is cancelled */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query runs */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a structured question.
         * @description Each metric is rolled up by its kind: sums add up, a ratio is a ratio of
         *     sums, a gauge its last value, a distinct count counts once. What would be
         *     wrong maths is refused with what to ask instead. Stored roll-ups answer
         *     where they are exact (`source` of each column), raw points the rest. The
         *     rows are never cut: a question with too many is refused.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["QueryRequest"];
                };
            };
            responses: {
                /** @description the answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueryAnswer"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets for how long a metric is kept. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MetricRetention"];
                };
            };
            responses: {
                /** @description what holds from now on */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MetricRetention"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Removes, or counts, points that are older than they are kept.
         * @description The server does this by itself once a week.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RetentionRequest"];
                };
            };
            responses: {
                /** @description what went */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RetentionAnswer"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's own roles. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the roles */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Roles"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/roles/{role}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Makes or changes a role.
         * @description Whoever has it sees by it within five seconds.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description its name: a-z, 0-9, - and _ */
                    role: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRole"];
                };
            };
            responses: {
                /** @description it is in force */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description the tenant has too many roles */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a role that no key has. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description its name */
                    role: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such role */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description keys have it */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/rollups/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compares the stored roll-ups with the points, cell by cell.
         * @description It reads every point of the days asked for.
         */
        post: {
            parameters: {
                query?: {
                    /**
                     * @description The first local day.
                     * @example 2025-01-01
                     */
                    from?: string;
                    /** @description The last local day, included. */
                    to?: string;
                    /** @description Only metrics of this platform. */
                    platform?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description what was found */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Verified"];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/saved-queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's saved queries. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the saved queries */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedQueries"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/saved-queries/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a saved query, in any of its versions. */
        get: {
            parameters: {
                query?: {
                    /** @description A version; the newest when left out. */
                    version?: number;
                };
                header?: never;
                path: {
                    /** @description its name */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the saved query */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedQuery"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query or version */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Saves a query under a name.
         * @description It is planned before it is kept. A change is a new version; the same again
         *     is none.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description 1 to 63 of a-z, 0-9, - and _ */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSavedQuery"];
                };
            };
            responses: {
                /** @description it can be called */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedQuery"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a saved query with all its versions. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description its name */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is removed */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/sql": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a question in SQL.
         * @description The answer is written as `Accept` asks: JSON, NDJSON, CSV, an Arrow stream
         *     or Parquet. `complete` in JSON and the header `Tessera-Complete` say
         *     whether a limit cut the rows; a long answer in another format that is cut
         *     breaks off instead of looking whole. `Tessera-Query-Id` names the query, by
         *     which it can be cancelled while it runs. With `dry_run` the answer is a
         *     `SqlPlan`, always as JSON.
         */
        post: {
            parameters: {
                query?: {
                    /** @description Decimals in JSON as numbers (default) or as text. */
                    decimals?: components["schemas"]["Decimals"];
                    /** @description Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are. */
                    raw?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SqlQuery"];
                };
            };
            responses: {
                /** @description the answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SqlAnswer"];
                        "application/x-ndjson": string;
                        "text/csv": string;
                        "application/vnd.apache.arrow.stream": number[];
                        "application/vnd.apache.parquet": number[];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no format that Accept names */
                406: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/sql/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists queries that run, or ran, without their client.
         * @description An admin sees everybody's of the tenant, another caller its own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the queries */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SqlJobs"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Runs a query without its client.
         * @description It runs as soon as a server is free, under the memory and rows of the
         *     tenant's plan. Its result is kept for a day.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSqlJob"];
                };
            };
            responses: {
                /** @description it was put in */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SqlJob"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/sql/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far a query is. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the query's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the query */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SqlJob"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query, or its day is over */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Cancels a query, or forgets one that has ended with its result. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the query's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is cancelled, or forgotten */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/sql/jobs/{id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fetches a result: a page as JSON, or all of it.
         * @description A page is the object of an answer to `POST /api/analytics/sql` with `page`,
         *     `pages`, `total_rows` and `next_page` before it.
         */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description A page, from 1, as JSON; all rows in the format of `Accept` when left
                     *     out.
                     */
                    page?: number;
                    /** @description Decimals in JSON as numbers (default) or as text. */
                    decimals?: components["schemas"]["Decimals"];
                    /** @description Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are. */
                    raw?: boolean;
                };
                header?: never;
                path: {
                    /** @description the query's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the rows */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ResultPage"];
                        "application/x-ndjson": string;
                        "text/csv": string;
                        "application/vnd.apache.arrow.stream": number[];
                        "application/vnd.apache.parquet": number[];
                    };
                };
                /** @description a parameter that cannot be */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such query or page */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no format that Accept names */
                406: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description there is no result (yet) */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/token-revocations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the revocations in force. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the revocations */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Revocations"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Revokes a token, or all of a subject.
         * @description Every server refuses them within five seconds.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRevocation"];
                };
            };
            responses: {
                /** @description they are revoked */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeRevocation"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/token-revocations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a revocation back. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the revocation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it is taken back */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description no such revocation */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what the tenant uses of each limit of its plan.
         * @description Bytes that a server has set aside for the tenant's next questions count as
         *     used until they are given back.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the limits */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Usage"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says who is signed in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description somebody is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignedIn"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Signs a browser in.
         * @description Answers with a cookie that no script can read. Only the pages of this
         *     server may ask: with the header `X-Tessera-Page`, from their own origin.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                /** @description signed in; the cookie is set */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignedIn"];
                    };
                };
                /** @description Malformed; names field, line and column where there are such. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body did not arrive. */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The body is too large. */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Of a type that is not read. */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Signs a browser out. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description signed out; the cookie is gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No valid key. */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The key may not, or X-Tenant-ID names another tenant. */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A limit of the plan; names its reset and the plan that would do. */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Our fault. */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Try again after the seconds in Retry-After. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether the server can serve, and its version. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it can */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description a part it needs is away */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the process answers. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description it does */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether requests should be sent here. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description they should */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description a part it needs is away */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description How a metric's points become a number.
         * @enum {string}
         */
        Aggregate: "count" | "avg" | "min" | "max";
        /** @description A tenant's keys. */
        ApiKeys: {
            /** @description The keys, the newest first; those revoked for 90 days are left out. */
            keys: components["schemas"]["KeyItem"][];
        };
        /** @description Who did what to what. */
        AuditEntry: {
            /** @description What, such as `key.created` or `access.refused`. */
            action: string;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What is new of it, never a secret. */
            detail: Record<string, never>;
            /** @description Its id. */
            id: string;
            /** @description To what: an id, a name or a route. */
            target: string;
            /** @description Whose; null: no tenant's, such as a plan. */
            tenant_id?: string | null;
            /**
             * Format: int64
             * @description How often, where the same came again within a moment.
             */
            times: number;
            /** @description By whom. */
            who: string;
        };
        /** @description Changes and refusals, the newest first. */
        AuditLog: {
            /** @description The entries. */
            entries: components["schemas"]["AuditEntry"][];
            /** @description Where the next answer goes on; null: these are the last. */
            next_cursor?: string | null;
        };
        /** @description How many cells were compared. */
        Checked: {
            /**
             * Format: int64
             * @description Metrics on days.
             */
            days: number;
            /**
             * Format: int64
             * @description Metrics by dimension value on days.
             */
            dimension_values: number;
            /**
             * Format: int64
             * @description Metrics in quarters of an hour.
             */
            quarter_hours: number;
            /**
             * Format: int64
             * @description Sketches of metrics on days.
             */
            sketches: number;
        };
        /** @description A column of an answer. */
        Column: {
            /** @description Its name. */
            name: string;
            /**
             * @description Its type, such as `text`, `int64`, `decimal(25,9)`, `timestamptz`.
             * @example decimal(25,9)
             */
            type: string;
        };
        /**
         * @description What the numbers are compared with.
         * @enum {string}
         */
        Compare: "none" | "previous";
        /**
         * @description What the numbers are compared with.
         * @enum {string}
         */
        CompareWith: "none" | "previous" | "year";
        /** @description From when on a metric is kept. */
        Cutoff: {
            /**
             * Format: date-time
             * @description Points recorded before this go.
             */
            before?: string | null;
            /**
             * Format: int32
             * @description Days that it is kept; null: all of it is.
             */
            days?: number | null;
            /** @description The metric's name. */
            metric_name: string;
            /** @description The metric's family. */
            metric_type: string;
            /** @description The platform. */
            platform: string;
        };
        /** @description A dashboard at one version of its tenant. */
        Dashboard: {
            /**
             * Format: date-time
             * @description When that version was seen.
             */
            as_of: string;
            /** @description What moves together across platforms, the strongest first. */
            insights: components["schemas"]["Insight"][];
            previous_range?: components["schemas"]["DateRange"] | null;
            /** @description The days that are shown. */
            range: components["schemas"]["DateRange"];
            /** @description Each metric by day. */
            series: components["schemas"]["MetricSeries"][];
            /** @description Where the numbers come from: `rollup` or `raw`. */
            source: string;
            /** @description The zone that days begin in. */
            time_zone: string;
            /** @description Each metric by dimension value, the largest first. */
            top_values: components["schemas"]["DimensionTop"][];
            /** @description Each metric over the range. */
            totals: components["schemas"]["MetricTotal"][];
            /**
             * Format: date
             * @description Today, if it is shown: its numbers can still grow.
             */
            unfinished_day?: string | null;
            /**
             * Format: int64
             * @description The tenant's version that every number is of.
             */
            version: number;
        };
        /** @description A data point, as sent. */
        DataPoint: {
            /** @description Strings, numbers, booleans; nested values are kept as JSON text. */
            dimensions?: Record<string, never> | null;
            /** @description Points with an id that was seen in the last 7 days are dropped. */
            event_id?: string | null;
            /**
             * @description The metric's name.
             * @example order_revenue
             */
            metric_name: string;
            /**
             * @description The metric's family.
             * @example revenue
             */
            metric_type: string;
            /**
             * @description A registered platform.
             * @example coreldove
             */
            platform: string;
            /**
             * Format: date-time
             * @description When it happened; the time of arrival when left out.
             */
            recorded_at?: string | null;
            /** @description Only the caller's own. */
            tenant_id?: string | null;
            /**
             * Format: double
             * @description An exact decimal below 10^16 in magnitude; `metric_value` is the same.
             * @example 4.07
             */
            value: number;
        };
        /** @description A body of points. */
        DataPoints: components["schemas"]["DataPoint"][] | {
            /** @description The points. */
            data_points: components["schemas"]["DataPoint"][];
        };
        /** @description Days, both ends included. */
        DateRange: {
            /**
             * Format: int64
             * @description How many days.
             */
            days: number;
            /**
             * Format: date
             * @description The first day.
             */
            from: string;
            /**
             * Format: date
             * @description The last day.
             */
            to: string;
        };
        /** @description A metric on one day. */
        Day: {
            /**
             * Format: int64
             * @description Number of points.
             */
            count: number;
            /**
             * Format: date
             * @description The day.
             */
            date: string;
            /** @description Whether the day is over. */
            finished: boolean;
            /**
             * Format: double
             * @description The kind's number; null is a gap, 0 a real zero.
             */
            value?: number | null;
        };
        /**
         * @description How decimals stand in JSON.
         * @enum {string}
         */
        Decimals: "number" | "string";
        /** @description A definition in force. */
        DefinitionSet: {
            /**
             * Format: int32
             * @description The definition's own version.
             */
            definition_version: number;
            /**
             * Format: int64
             * @description The tenant's version from which on it is.
             */
            version: number;
        };
        /** @description The top values of one dimension of one metric. */
        DimensionTop: components["schemas"]["MetricName"] & {
            /** @description The dimension. */
            key: string;
            /**
             * Format: double
             * @description What the values that are not listed add up to.
             */
            other?: number | null;
            /** @description Where the numbers come from (or would): `rollup` or `raw`. */
            source: string;
            /**
             * Format: int64
             * @description How many different values there are.
             */
            value_count?: number | null;
            /**
             * @description The largest ten; null when only raw points know them and they were not
             *     asked for with `top=all`.
             */
            values?: components["schemas"]["DimensionValue"][] | null;
            /**
             * Format: double
             * @description What the points without this dimension add up to.
             */
            without?: number | null;
        };
        /** @description One value of a dimension. */
        DimensionValue: {
            /**
             * Format: int64
             * @description Number of points.
             */
            count: number;
            /** @description The dimension's value. */
            name: string;
            /**
             * Format: double
             * @description The metric's number by its kind.
             */
            value?: number | null;
        };
        /**
         * @description A part of a dashboard.
         * @enum {string}
         */
        EmbedPanel: "totals" | "series" | "top_values" | "insights";
        /** @description An erasure; the value that was named is nowhere. */
        Erasure: {
            /** @description The dimension's key; null: all points of the tenant. */
            dimension?: string | null;
            /**
             * Format: date-time
             * @description When it was done.
             */
            finished_at?: string | null;
            /** @description Its id. */
            id: string;
            receipt?: components["schemas"]["Receipt"] | null;
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            requested_at: string;
            /** @description Whether it is done. */
            state: components["schemas"]["Progress"];
            /** @description Hexadecimal SHA-256 of a salt and the value. */
            subject_hash?: string | null;
        };
        /** @description What to erase: the points with one value of a dimension, or all. */
        ErasureRequest: {
            /** @description The tenant's id, to say that all is meant. */
            confirm?: string | null;
            /**
             * @description The dimension's key.
             * @example customer_id
             */
            dimension?: string | null;
            /** @description Erase all points of the tenant. */
            tenant?: boolean;
            /** @description Its value: a text, a number in any form, true or false. */
            value?: string | null;
        };
        /** @description All erasures of a tenant. */
        Erasures: {
            /** @description The oldest first. */
            erasures: components["schemas"]["Erasure"][];
        };
        /** @description An event of a platform. */
        Event: {
            /**
             * @description What happened, 1 to 1024 bytes; kept as dimension `action`.
             * @example order_placed
             */
            action: string;
            /** @description The event's fields, as the platform's registration names them. */
            data: Record<string, never>;
            /**
             * @description A registered platform.
             * @example coreldove
             */
            platform: string;
        };
        /**
         * @description A file's format.
         * @enum {string}
         */
        ExportFormat: "parquet" | "csv";
        /** @description What to export, and how. */
        ExportRequest: {
            /** @description The file's format. */
            format: components["schemas"]["ExportFormat"];
            /** @description A table or a query. */
            source: components["schemas"]["ExportSource"];
        };
        /** @description What to export: one of `table` and `sql`. */
        ExportSource: {
            /** @description A whole table. */
            table: components["schemas"]["ExportTable"];
        } | {
            /** @description The rows of one SELECT. */
            sql: string;
        };
        /**
         * @description A table that can be exported whole.
         * @enum {string}
         */
        ExportTable: "analytics_data_points" | "daily_metrics" | "weekly_metrics" | "monthly_metrics" | "metrics" | "platforms" | "usage";
        /**
         * @description What stands where a group has no points in a bucket.
         * @enum {string}
         */
        FillWith: "null" | "zero" | "previous" | "none";
        /**
         * @description How a dimension's value is compared. `not_in` keeps points that lack it.
         * @enum {string}
         */
        FilterOperator: "in" | "not_in" | "exists" | "missing" | "gt" | "gte" | "lt" | "lte";
        /** @description A condition on a dimension. */
        FilterRequest: {
            /**
             * @description A dimension key, or `platform`, `metric_type`, `metric_name`.
             * @example country
             */
            dimension: string;
            /** @description How its value is compared. */
            operator: components["schemas"]["FilterOperator"];
            /**
             * @description With what: texts, numbers or booleans.
             * @example [
             *       "France"
             *     ]
             */
            values?: unknown[];
        };
        /**
         * @description How long a bucket of time is. Weeks begin on Monday.
         * @enum {string}
         */
        Granularity: "all" | "hour" | "day" | "week" | "month" | "quarter" | "year";
        /** @description The server's state. */
        Health: {
            /**
             * @description `ok`; anything else is a problem.
             * @example ok
             */
            status: string;
            /** @description The server's version. */
            version: string;
        };
        /** @description What became of a body of points. */
        Ingested: {
            /**
             * Format: int64
             * @description Points that are durable now.
             */
            accepted: number;
            /**
             * Format: int64
             * @description Points dropped because their `event_id` was seen before.
             */
            duplicates: number;
            /** @description Points that were not kept; the first 1,000 are listed. */
            rejected: components["schemas"]["Rejected"][];
            /**
             * Format: int64
             * @description How many were not kept.
             */
            rejected_count: number;
            /**
             * Format: int64
             * @description Values with more than nine decimals, rounded half to even.
             */
            rounded: number;
            /**
             * Format: int64
             * @description The tenant's version that holds the points; when nothing was kept, its
             *     version by then.
             */
            version: number;
        };
        /** @description Two platforms that move together. */
        Insight: {
            /** @description Days on which both were there. */
            days: number;
            /** @description The series that follows. */
            follower: components["schemas"]["InsightSide"];
            /** @description `correlation`. */
            kind: string;
            /**
             * Format: int32
             * @description How many days later it follows.
             */
            lag_days: number;
            /** @description The series that moves first (or at the same time). */
            leader: components["schemas"]["InsightSide"];
            /**
             * Format: double
             * @description Probability by chance, corrected for the number of pairs and lags tried.
             */
            p: number;
            /**
             * Format: double
             * @description Pearson's correlation, -1 to 1.
             */
            r: number;
            /** @description The finding in plain English. */
            sentence: string;
        };
        /** @description A platform's daily sums. */
        InsightSide: {
            /** @description `revenue` or `engagement`. */
            metric_type: string;
            /** @description The platform. */
            platform: string;
        };
        /** @description A key, without its secret, which nobody has but its holder. */
        KeyItem: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at?: string | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, within a minute.
             */
            last_used_at?: string | null;
            /** @description What people call it. */
            name: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string | null;
            /** @description Its role, if it has one of the tenant's own. */
            role?: string | null;
            /** @description What it may do. */
            scopes: string[];
        };
        /** @description Which roll-up is right for a metric. */
        Kind: {
            /** @enum {string} */
            kind: "sum";
        } | {
            /** @description How series combine: `sum`, `avg`, `min` or `max`. */
            combine?: string;
            /** @enum {string} */
            kind: "gauge";
            /** @description Dimensions that tell series apart. */
            series?: string[];
        } | {
            /** @description The numeric dimension summed below. */
            denominator: string;
            /** @enum {string} */
            kind: "ratio";
            /** @description The numeric dimension summed on top. */
            numerator: string;
        } | {
            /** @description The dimension that is counted. */
            dimension: string;
            /** @enum {string} */
            kind: "distinct";
        };
        /** @description A plan's limit that was reached. */
        Limit: {
            /**
             * Format: int64
             * @description What the plan allows.
             */
            allowed: number;
            /** @description The smallest plan that would allow it. */
            allowed_by?: string | null;
            /** @description Its name. */
            name: string;
            /** @description The plan. */
            plan: string;
            /**
             * Format: date-time
             * @description When what is used counts no more.
             */
            resets_at?: string | null;
            /**
             * Format: int64
             * @description What is used already.
             */
            used: number;
        };
        /**
         * @description New numbers by limit; those that are not named stay.
         * @example {
         *       "exports_per_day": 500,
         *       "queries_per_second": 200
         *     }
         */
        LimitChanges: {
            [key: string]: number | null;
        };
        /** @description What a limit bounds. */
        LimitView: {
            /**
             * Format: int64
             * @description The least that it may be.
             */
            at_least: number;
            /**
             * Format: int64
             * @description The most that it may be.
             */
            at_most: number;
            /** @description Its name. */
            name: string;
            /** @description What it bounds, with its unit. */
            of: string;
            /**
             * @description `held` at one time, used in a `day` (UTC), of `each` request, or by one
             *     `server` at one time.
             */
            span: string;
        };
        /**
         * @description Which queries.
         * @enum {string}
         */
        Listing: "ended" | "running";
        /** @description An embed token. */
        MadeEmbedToken: {
            /**
             * Format: date-time
             * @description When it ends.
             */
            expires_at: string;
            /**
             * Format: uuid
             * @description Its id, as in logs.
             */
            id: string;
            /**
             * @description What is sent as bearer token to the dashboards, and opens nothing else.
             * @example tse_…
             */
            token: string;
        };
        /** @description A key that was made. */
        MadeKey: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * @description What is sent as bearer token; it is not shown again.
             * @example tsk_…
             */
            key: string;
        };
        /** @description A platform key that was made. */
        MadePlatformKey: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * @description What is sent as bearer token; it is not shown again.
             * @example tpk_…
             */
            key: string;
        };
        /** @description A revocation that was made. */
        MadeRevocation: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
        };
        /** @description A metric and the roll-up that is right for it. */
        Metric: components["schemas"]["Kind"] & {
            /** @description Whether the kind was assumed because nobody had registered the metric. */
            assumed: boolean;
            /**
             * Format: int32
             * @description The definition's version; a change makes it grow.
             */
            definition_version: number;
            /** @description Its name. */
            metric_name: string;
            /** @description Its family. */
            metric_type: string;
            /** @description The platform that sends it. */
            platform: string;
            /** @description Which sketches are kept of it, by day. */
            sketches: components["schemas"]["Sketches"];
        };
        /** @description Which metric. */
        MetricName: {
            /** @description Its name. */
            metric_name: string;
            /** @description Its family. */
            metric_type: string;
            /** @description The platform that sends it. */
            platform: string;
        };
        /**
         * @description One number of each row: a metric by its kind or by an aggregate, or one
         *     metric's sum by another's.
         */
        MetricObject: {
            aggregate?: components["schemas"]["Aggregate"] | null;
            /** @description The column's name. */
            as?: string | null;
            /** @description The metric below it. */
            denominator?: string | null;
            /** @description `platform/metric_type/metric_name`, with `*` for any. */
            metric?: string | null;
            /** @description Instead of `metric`: the metric above the line. */
            numerator?: string | null;
        };
        /** @description For how long a metric is kept. */
        MetricRetention: {
            /**
             * Format: int32
             * @description Days, at most those of the plan; null: as long as the plan does.
             */
            days?: number | null;
            /**
             * @description The metric, as `platform/metric_type/metric_name`.
             * @example coreldove/engagement/customer_activity
             */
            metric: string;
        };
        /** @description A metric by day. */
        MetricSeries: components["schemas"]["MetricName"] & {
            /** @description Every day of the range, in order. */
            days: components["schemas"]["Day"][];
        };
        /** @description A metric over the range. */
        MetricTotal: components["schemas"]["MetricName"] & components["schemas"]["Kind"] & {
            /** @description Whether the kind was assumed because nobody had registered the metric. */
            assumed: boolean;
            /**
             * Format: double
             * @description `value` less `previous`.
             */
            change?: number | null;
            /**
             * Format: double
             * @description The change in per cent of the magnitude of `previous`.
             */
            change_percent?: number | null;
            /**
             * Format: int64
             * @description Number of points.
             */
            count: number;
            /**
             * Format: double
             * @description The kind's number of the period before.
             */
            previous?: number | null;
            /**
             * Format: int64
             * @description Number of points in the period before.
             */
            previous_count?: number | null;
            /** @description Where the numbers come from: `rollup` or `raw`. */
            source: string;
            /**
             * Format: double
             * @description The kind's number; null without points.
             */
            value?: number | null;
        };
        /** @description All metrics of a tenant. */
        Metrics: {
            /** @description The metrics. */
            metrics: components["schemas"]["Metric"][];
            /**
             * Format: int64
             * @description The tenant's version that the list is of.
             */
            version: number;
        };
        /** @description A measure that differs. */
        Mismatch: {
            /**
             * Format: date
             * @description The local day.
             */
            day: string;
            /** @description The dimension, where it is one value's cell or a sketch that differs. */
            dimension?: string | null;
            /** @description What the points say; null: nothing. */
            expected?: string | null;
            /**
             * @description `count`, `sum`, `min`, `max`, `first`, `last`, `numerator`, `denominator`,
             *     `sketch`, or `cell` where all of it is missing or too many.
             */
            measure: string;
            /** @description Its name. */
            metric_name: string;
            /** @description Its family. */
            metric_type: string;
            /** @description The metric's platform. */
            platform: string;
            /**
             * Format: date-time
             * @description The quarter of an hour, where it is one that differs.
             */
            quarter_hour?: string | null;
            /** @description What is stored; null: nothing. */
            stored?: string | null;
            /** @description The dimension's value. */
            value?: string | null;
        };
        /** @description What a metric is to be. */
        NewDefinition: components["schemas"]["Kind"] & {
            /** @description Which sketches are kept of it, by day; none when left out. */
            sketches?: components["schemas"]["Sketches"];
        };
        /** @description What an embed token shows, and for how long. */
        NewEmbedToken: {
            /**
             * Format: int32
             * @description Seconds until it ends; a day at most.
             * @default 3600
             */
            expires_in: number;
            /** @description What of the tenant's data is seen: never more than the key sees. */
            filters?: components["schemas"]["Seen"];
            /** @description The parts of dashboards that are shown. */
            panels: components["schemas"]["EmbedPanel"][];
        };
        /** @description A key to be made: `role`, or `scopes`. */
        NewKey: {
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at?: string | null;
            /**
             * @description What people call it.
             * @example nightly import
             */
            name?: string;
            /** @description `viewer`, `analyst`, `admin`, or a role of the tenant's own. */
            role?: string | null;
            /**
             * @description What it may do: `ingest`, `view`, `read`, `export`, `admin`.
             * @example [
             *       "ingest"
             *     ]
             */
            scopes?: string[] | null;
        };
        /** @description A parameter as it is declared. */
        NewParameter: {
            /** @description Its value where a call leaves it out. */
            default?: unknown;
            /** @description What it means. */
            description?: string;
            /** @description The only values that it takes. */
            enum?: unknown[];
            /**
             * @description Its name: a-z, 0-9 and _, not beginning with a digit.
             * @example platform
             */
            name: string;
            /**
             * @description Whether a call must give it; true when left out, unless there is a
             *     default. One that need not and has no default is null where it is left
             *     out.
             */
            required?: boolean | null;
            /** @description Its type. */
            type: components["schemas"]["ParameterType"];
        };
        /** @description A platform key to be made. */
        NewPlatformKey: {
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at?: string | null;
            /** @description What people call it. */
            name?: string;
            /**
             * @description What it may do inside its tenants, as an API key's; and `operate`.
             * @example [
             *       "ingest",
             *       "read"
             *     ]
             */
            scopes: string[];
            /** @description The tenants it may act for; null: all. */
            tenants?: string[] | null;
        };
        /** @description Which tokens are to end: `token_id`, or `subject`. */
        NewRevocation: {
            /**
             * Format: date-time
             * @description Beside `subject`: those issued before this; now when left out.
             */
            issued_before?: string | null;
            /** @description The issuer's name in the server's configuration. */
            issuer: string;
            /** @description All with this `sub`. */
            subject?: string | null;
            /** @description The one with this `jti`. */
            token_id?: string | null;
        };
        /** @description A role. */
        NewRole: {
            /** @description What it may do: as a `viewer` or as an `analyst`. */
            base: components["schemas"]["RoleBase"];
            /** @description What of the tenant's data is seen. */
            sees?: components["schemas"]["Seen"];
        };
        /** @description A query with parameters of known types. */
        NewSavedQuery: {
            /** @description What it is for. */
            description?: string;
            /** @description What a call may, or must, give. */
            parameters?: components["schemas"]["NewParameter"][];
            /**
             * @description One SELECT; a parameter stands as `$name` or `{{name}}`.
             * @example select sum(metric_value) from analytics_data_points where platform = $platform
             */
            query: string;
        };
        /** @description A query that is to run without its client. */
        NewSqlJob: {
            /** @description Values of `$1`, `$2`, …: null, booleans, numbers and strings. */
            params?: unknown[];
            /** @description One SELECT over the tenant's tables. */
            query: string;
            /**
             * Format: int64
             * @description Stops the query after so many milliseconds: ten minutes when left out;
             *     twenty times what the plan lets a query take, and an hour, at most.
             */
            timeout_ms?: number | null;
        };
        /** @description A tenant to be made. */
        NewTenant: {
            /** @description The plan it is on; `free` when left out. */
            plan?: string | null;
            /**
             * @description 1 to 63 of a-z, 0-9, - and _, starting with a letter or digit.
             * @example shop
             */
            tenant_id: string;
            /**
             * @description Where its days begin; `UTC` when left out.
             * @example Europe/London
             */
            time_zone?: string | null;
        };
        /** @description One key of the order of rows. */
        OrderRequest: {
            /**
             * @description `time`, a dimension, or a metric's column.
             * @example time
             */
            by: string;
            /** @description The largest first. */
            descending?: boolean;
        };
        /** @description A parameter. */
        Parameter: {
            /** @description Its value where a call leaves it out, as a call would write it. */
            default?: string | null;
            /** @description What it means. */
            description: string;
            /** @description The only values that it takes; empty: any of its type. */
            enum: string[];
            /** @description Its name. */
            name: string;
            /** @description Whether a call must give it. */
            required: boolean;
            /** @description Its type. */
            type: components["schemas"]["ParameterType"];
        };
        /**
         * @description The type of a parameter.
         * @enum {string}
         */
        ParameterType: "text" | "integer" | "decimal" | "boolean" | "date" | "timestamp";
        /** @description All plans, the smallest first, and what their limits are of. */
        PlanList: {
            /** @description What each limit bounds. */
            limits: components["schemas"]["LimitView"][];
            /** @description The plans. */
            plans: components["schemas"]["PlanView"][];
        };
        /**
         * @description Whether a query may run.
         * @enum {string}
         */
        PlanVerdict: "runs" | "refused";
        /** @description A plan and what it allows. */
        PlanView: {
            /**
             * @description Each limit; null: no bound.
             * @example {
             *       "queries_per_second": 500,
             *       "retention_days": null
             *     }
             */
            limits: {
                [key: string]: number | null;
            };
            /** @description Its name. */
            plan: string;
        };
        /** @description A platform that sends events. */
        Platform: {
            /** @description Its name, as in `platform`. */
            name: string;
            /** @description The points that one event gives. */
            points: components["schemas"]["PlatformPoint"][];
            /** @description A title for people. */
            title: string;
        };
        /** @description Where a dimension comes from. */
        PlatformDimension: {
            /** @description Whether the number of the field's elements is meant. */
            count: boolean;
            /** @description The field of the event's data. */
            field: string;
            /** @description The dimension. */
            name: string;
        };
        /** @description A platform key, without its secret. */
        PlatformKeyItem: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at?: string | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, within a minute.
             */
            last_used_at?: string | null;
            /** @description What people call it. */
            name: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string | null;
            /** @description What it may do. */
            scopes: string[];
            /** @description The tenants it may act for; null: all. */
            tenants?: string[] | null;
        };
        /** @description The operator's keys. */
        PlatformKeyList: {
            /** @description The keys, the newest first; those revoked for 90 days are left out. */
            keys: components["schemas"]["PlatformKeyItem"][];
        };
        /** @description A point made of an event's `data`. */
        PlatformPoint: components["schemas"]["Kind"] & {
            /** @description The point's dimensions. */
            dimensions: components["schemas"]["PlatformDimension"][];
            /** @description The point's `metric_name`. */
            metric_name: string;
            /** @description The point's `metric_type`. */
            metric_type: string;
            /** @description The value, when it is always the same. */
            value_constant?: string | null;
            /** @description The field that holds the value. */
            value_field?: string | null;
            /**
             * @description Whether an event may lack that field: then the point is not made; else
             *     it is rejected by name.
             */
            value_optional: boolean;
        };
        /** @description The registered platforms that the caller may see. */
        Platforms: {
            /** @description The platforms. */
            platforms: components["schemas"]["Platform"][];
        };
        /** @description A rejected point. */
        Point: {
            /**
             * Format: int32
             * @description How often it was replayed.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it is removed.
             */
            expires_at: string;
            /** @description The field at fault, as of the last attempt. */
            field: string;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: int64
             * @description Its position in the body, from 0.
             */
            index: number;
            /** @description The point as sent; null when it was longer than 32 KiB. */
            point?: Record<string, never> | null;
            /** @description What is wrong with it, as of the last attempt. */
            reason: string;
            /**
             * Format: date-time
             * @description When its body came.
             */
            received_at: string;
            /** @description How its body was written: `json`, `ndjson`, `csv`, `arrow` or `parquet`. */
            source: string;
        };
        /** @description What was wrong, where, and what to do (RFC 9457). */
        Problem: {
            /** @description Which field, parameter, header or part of the request. */
            at?: string | null;
            /**
             * Format: int32
             * @description Column in that line, from 1.
             */
            column?: number | null;
            /** @description What was wrong this time. */
            detail: string;
            /** @description What to do about it. */
            hint?: string | null;
            limit?: components["schemas"]["Limit"] | null;
            /**
             * Format: int32
             * @description Line in the text that was sent, from 1.
             */
            line?: number | null;
            /**
             * Format: int32
             * @description The HTTP status.
             * @example 400
             */
            status: number;
            /** @description The kind in words. */
            title: string;
            /**
             * @description Which kind of problem, as a stable URN.
             * @example urn:tessera:problem:query
             */
            type: string;
        };
        /**
         * @description How far an erasure is.
         * @enum {string}
         */
        Progress: "pending" | "done";
        /** @description A page of rejected points. */
        Quarantined: {
            /** @description The points, the newest first. */
            entries: components["schemas"]["Point"][];
            /** @description Where the next page begins; absent on the last one. */
            next_cursor?: string | null;
        };
        /** @description Queries, the newest first; running ones the oldest first. */
        Queries: {
            /** @description Where the next answer goes on; null: these are the last. */
            next_cursor?: string | null;
            /** @description The queries. */
            queries: components["schemas"]["QueryEntry"][];
        };
        /** @description The answer to a structured question. */
        QueryAnswer: {
            /**
             * Format: date-time
             * @description When that version was seen.
             */
            as_of: string;
            /** @description The columns of the rows, in order. */
            columns: components["schemas"]["QueryColumn"][];
            /** @description Whether these are all rows that were asked for: they always are. */
            complete: boolean;
            /** @description How long a bucket is. */
            granularity: string;
            /** @description How many groups there are, listed or not. */
            groups: number;
            previous_range?: components["schemas"]["DateRange"] | null;
            /** @description The days that are shown. */
            range: components["schemas"]["DateRange"];
            /** @description The rows, each an array of cells in the columns' order. */
            rows: unknown[][];
            /** @description What it took. */
            stats: components["schemas"]["QueryStats"];
            /** @description The zone that days begin in. */
            time_zone: string;
            /** @description Each metric over the whole range; null unless asked for. */
            totals?: components["schemas"]["QueryTotal"][] | null;
            /**
             * Format: int64
             * @description The tenant's version that every number is of.
             */
            version: number;
        };
        /** @description A column of the rows. */
        QueryColumn: {
            /**
             * @description How a metric's number is made: `sum`, `ratio`, `gauge`, `distinct`,
             *     `count`, `avg`, `min` or `max`.
             */
            kind?: string | null;
            /** @description Its name. */
            name: string;
            /**
             * @description `time`, `dimension`, `metric`, `previous` or `other` (whether the row
             *     stands for all groups that are not listed).
             */
            role: string;
            /** @description Where a metric's numbers come from: `rollup` or `raw`. */
            source?: string | null;
            /** @description `date`, `timestamp`, `text`, `decimal` or `boolean`. */
            type: string;
        };
        /** @description A query. Its text has no literals: `?` stands for each. */
        QueryEntry: {
            /**
             * Format: int64
             * @description Bytes fetched from the store.
             */
            bytes_scanned: number;
            /**
             * Format: int64
             * @description Bytes of the answer as sent.
             */
            bytes_sent?: number | null;
            /** @description `sql`, `dashboard`, `export`, `job` or `endpoint`. */
            class: string;
            /**
             * Format: int64
             * @description Data files that it read.
             */
            files?: number | null;
            /** @description Its id. */
            id: string;
            /** @description The last word of the problem's type, where there was one. */
            problem?: string | null;
            /**
             * Format: int64
             * @description How long it waited to begin.
             */
            queued_ms?: number | null;
            /**
             * Format: int64
             * @description How long it took in all, or has run.
             */
            ran_ms: number;
            /**
             * Format: int64
             * @description Rows of the answer so far.
             */
            rows: number;
            /**
             * Format: int64
             * @description Rows in them.
             */
            rows_scanned?: number | null;
            /**
             * Format: date-time
             * @description When it was asked.
             */
            started_at: string;
            /**
             * @description `running`, or how it ended: `finished`, `truncated`, `failed`,
             *     `cancelled`, `timed_out` or `refused`.
             */
            state: string;
            /** @description Whose data. */
            tenant_id: string;
            /** @description The text without its literals. */
            text: string;
            /**
             * Format: int64
             * @description The tenant's version that it read.
             */
            version?: number | null;
            /** @description By whom. */
            who: string;
        };
        /** @description A structured question. */
        QueryRequest: {
            /** @description What the numbers are compared with. */
            compare?: components["schemas"]["CompareWith"];
            /** @description Decimals as numbers (default) or as text. */
            decimals?: components["schemas"]["Decimals"];
            /**
             * @description What it is grouped by: dimension keys, or `platform`, `metric_type`,
             *     `metric_name`; at most 4.
             * @example [
             *       "platform"
             *     ]
             */
            dimensions?: string[];
            /** @description What stands where a group has no points in a bucket. */
            fill?: components["schemas"]["FillWith"];
            /**
             * @description Which points take part; all conditions hold together.
             * @example []
             */
            filters?: components["schemas"]["FilterRequest"][];
            /** @description How long a bucket of time is. */
            granularity?: components["schemas"]["Granularity"];
            /**
             * @description What is measured, 1 to 16: `platform/metric_type/metric_name` with `*`
             *     for any, or an object.
             * @example [
             *       "*\/revenue/*",
             *       {
             *         "aggregate": "count",
             *         "as": "orders",
             *         "metric": "coreldove/revenue/order_revenue"
             *       }
             *     ]
             */
            metrics: components["schemas"]["MetricObject"][];
            /**
             * @description In which order; by time, then the largest first when left out.
             * @example []
             */
            order?: components["schemas"]["OrderRequest"][];
            /**
             * @description Which days: `30d` (default), `12w`, `12m`, `1y`, or `from` and `to`, both
             *     included.
             * @example 30d
             */
            time_range?: string | null;
            /**
             * @description The zone that days begin in; the tenant's own when left out.
             * @example Europe/London
             */
            time_zone?: string | null;
            top?: components["schemas"]["TopRequest"] | null;
            /** @description Whether the numbers over the whole range are wanted too. */
            totals?: boolean;
        };
        /** @description What an answer took. */
        QueryStats: {
            /**
             * Format: int64
             * @description Rows in the files that were read; 0 when roll-ups answered all of it.
             */
            rows_scanned: number;
        };
        /** @description A metric over the whole range. */
        QueryTotal: {
            /**
             * Format: double
             * @description The change in per cent of the magnitude of `previous`.
             */
            change_percent?: number | null;
            /** @description The metric's column. */
            name: string;
            /**
             * Format: double
             * @description Its number in the period compared with.
             */
            previous?: number | null;
            /**
             * Format: double
             * @description Its number.
             */
            value?: number | null;
        };
        /** @description What an erasure did. */
        Receipt: {
            /**
             * Format: int64
             * @description Event ids that were forgotten.
             */
            event_ids: number;
            /**
             * Format: int64
             * @description Files that hold what is left of those.
             */
            files_added: number;
            /**
             * Format: int64
             * @description Files that held them and were replaced or dropped.
             */
            files_replaced: number;
            /**
             * Format: int64
             * @description Imported chunks that were forgotten.
             */
            import_chunks: number;
            /**
             * Format: int64
             * @description Objects that were deleted from the store.
             */
            objects_deleted: number;
            /**
             * Format: int64
             * @description Quarantined points that are gone.
             */
            quarantined: number;
            /**
             * Format: int64
             * @description Files that an earlier query or export might still have been reading.
             */
            readers_cancelled_files: number;
            /**
             * Format: int64
             * @description Points that are gone.
             */
            rows: number;
            /**
             * Format: int64
             * @description Stored answers to idempotency keys that were forgotten.
             */
            stored_answers: number;
            /**
             * Format: int64
             * @description The tenant's version at which none of them was left; later points are
             *     not meant.
             */
            version_after: number;
            /**
             * Format: int64
             * @description The tenant's version before.
             */
            version_before: number;
        };
        /** @description A point that was not kept. */
        Rejected: {
            /** @description The field at fault. */
            field: string;
            /**
             * Format: int64
             * @description Its position in the body, from 0; of an event, its position among the
             *     points that the platform's registration makes of it.
             */
            index: number;
            /** @description What is wrong with it. */
            reason: string;
        };
        /** @description A point that was rejected again. */
        RejectedAgain: {
            /** @description The field at fault. */
            field: string;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /** @description What is wrong with it. */
            reason: string;
        };
        /** @description Which rejected points match; `{}` is all. */
        ReplayFilter: {
            /** @description Those with this field at fault. */
            field?: string | null;
            /** @description Those that name this platform. */
            platform?: string | null;
        };
        /** @description Which rejected points are replayed: those named, or all that match. */
        ReplayRequest: {
            filter?: components["schemas"]["ReplayFilter"] | null;
            /** @description These, at most 1,000. */
            ids?: string[] | null;
        };
        /** @description What became of replayed points. */
        Replayed: {
            /**
             * Format: int64
             * @description Points that are durable now; also those that a replay before had sent.
             */
            accepted: number;
            /**
             * Format: int64
             * @description Points dropped because their `event_id` was seen before.
             */
            duplicates: number;
            /** @description Ids that name no rejected point of the tenant. */
            missing: string[];
            /** @description Points that were rejected again, and stay. */
            rejected: components["schemas"]["RejectedAgain"][];
            /**
             * Format: int64
             * @description The newest version that holds a replayed point, if one was accepted.
             */
            version?: number | null;
        };
        /** @description A page of a result. */
        ResultPage: {
            /**
             * Format: date-time
             * @description When that version was seen.
             */
            as_of: string;
            /** @description The columns, in order. */
            columns: components["schemas"]["Column"][];
            /** @description Whether the pages together are all rows. */
            complete: boolean;
            /** @description The next page; null: this is the last. */
            next_page?: number | null;
            /** @description Which page, from 1. */
            page: number;
            /** @description Pages in all. */
            pages: number;
            /**
             * Format: int64
             * @description Number of the page's rows.
             */
            row_count: number;
            /** @description The page's rows, each an array of cells in the columns' order. */
            rows: unknown[][];
            /** @description What it took. */
            stats: components["schemas"]["Stats"];
            /**
             * Format: int64
             * @description Rows in all.
             */
            total_rows: number;
            /**
             * Format: int64
             * @description The tenant's version that the result is of.
             */
            version: number;
        };
        /** @description What went, or would go. */
        RetentionAnswer: {
            /**
             * Format: int64
             * @description Bytes by which the files get smaller; of a dry run an estimate.
             */
            bytes: number;
            /** @description From when on each metric is kept. */
            cutoffs: components["schemas"]["Cutoff"][];
            /** @description Whether nothing was changed. */
            dry_run: boolean;
            /**
             * Format: int64
             * @description Files that go as a whole.
             */
            files_dropped: number;
            /**
             * Format: int64
             * @description Files that are written again without their old points.
             */
            files_rewritten: number;
            /**
             * Format: int64
             * @description Points that go.
             */
            rows: number;
            /**
             * Format: int64
             * @description The tenant's version that this is of.
             */
            version: number;
        };
        /** @description Whether points go or are only counted. */
        RetentionRequest: {
            /** @description Only count what would go. */
            dry_run?: boolean;
        };
        /** @description A revocation. */
        RevocationItem: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: date-time
             * @description Those issued before this.
             */
            issued_before?: string | null;
            /** @description The issuer's name in the server's configuration. */
            issuer: string;
            /**
             * Format: date-time
             * @description When it was said.
             */
            revoked_at: string;
            /** @description The tokens with this `sub`. */
            subject?: string | null;
            /** @description The token with this `jti`. */
            token_id?: string | null;
        };
        /** @description The revocations in force. */
        Revocations: {
            /** @description The revocations, the newest first. */
            revocations: components["schemas"]["RevocationItem"][];
        };
        /**
         * @description What a role of a tenant's own may do.
         * @enum {string}
         */
        RoleBase: "viewer" | "analyst";
        /** @description A role of the tenant's own. */
        RoleItem: {
            /** @description `viewer` or `analyst`. */
            base: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            changed_at: string;
            /** @description Its name. */
            name: string;
            /** @description What of the tenant's data is seen. */
            sees: components["schemas"]["Seen"];
        };
        /** @description The tenant's own roles. */
        Roles: {
            /** @description The roles, by name. */
            roles: components["schemas"]["RoleItem"][];
        };
        /** @description All saved queries of a tenant. */
        SavedQueries: {
            /** @description The newest version of each, by name. */
            saved_queries: components["schemas"]["SavedQuery"][];
        };
        /** @description A version of a saved query. */
        SavedQuery: {
            /**
             * Format: date-time
             * @description When.
             */
            created_at: string;
            /** @description What it is for. */
            description: string;
            /** @description Its name. */
            name: string;
            /** @description Its parameters. */
            parameters: components["schemas"]["Parameter"][];
            /** @description The text. */
            query: string;
            /**
             * Format: int32
             * @description Which version this is.
             */
            version: number;
            /** @description The versions that can be read and called. */
            versions: number[];
            /** @description Who saved it. */
            who: string;
        };
        /** @description What of the tenant's data is seen. */
        Seen: {
            /**
             * @description For a dimension the values, as text, of the points that are seen; a
             *     point without the dimension is not.
             * @default {}
             * @example {
             *       "shop": [
             *         "berlin"
             *       ]
             *     }
             */
            filters: {
                [key: string]: string[];
            };
            /**
             * @description Dimensions that read as null and are left out of the JSON text.
             * @default []
             * @example [
             *       "customer_id"
             *     ]
             */
            masks: string[];
            /**
             * @description The platforms whose points are seen; null: all.
             * @default null
             * @example [
             *       "coreldove"
             *     ]
             */
            platforms: string[] | null;
        };
        /** @description The key to sign in with. */
        SignIn: {
            /**
             * @description A key of `tessera key create`.
             * @example tsk_…
             */
            key: string;
        };
        /** @description Who is signed in. */
        SignedIn: {
            /**
             * Format: date-time
             * @description When the browser is asked for a key again; absent when it was not asked.
             */
            ends_at?: string | null;
            /** @description The tenant's plan. */
            plan: string;
            /** @description What the key may do. */
            scopes: string[];
            /** @description The key's tenant. */
            tenant: string;
            /** @description The zone that the tenant's days begin in. */
            time_zone: string;
        };
        /**
         * @description Approximate numbers that are kept by day, with their error stated beside
         *     them; see the table `daily_sketches`.
         */
        Sketches: {
            /**
             * @description Dimensions whose different values are counted, four at most.
             * @default []
             */
            distinct: string[];
            /**
             * @description Whether quantiles of the values are kept.
             * @default false
             */
            quantiles: boolean;
        };
        /**
         * @description An answer to a query. Rows come first so that they can be sent as they are
         *     found; what the answer is stands behind them.
         */
        SqlAnswer: {
            /**
             * Format: date-time
             * @description When that version was seen.
             */
            as_of: string;
            /** @description The columns, in order. */
            columns: components["schemas"]["Column"][];
            /** @description Whether these are all rows; false when the plan's limit cut them. */
            complete: boolean;
            /**
             * Format: int64
             * @description Number of rows.
             */
            row_count: number;
            /** @description The rows, each an array of cells in the columns' order. */
            rows: unknown[][];
            /** @description What it took. */
            stats: components["schemas"]["Stats"];
            /**
             * Format: int64
             * @description The tenant's version that the answer is of.
             */
            version: number;
        };
        /** @description A query that runs, or ran, without its client. */
        SqlJob: {
            /**
             * Format: int64
             * @description Bytes of the stored result so far.
             */
            bytes: number;
            /** @description Whether the result has all rows; false when the plan's limit cut them. */
            complete?: boolean | null;
            /**
             * Format: date-time
             * @description When it was asked.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at?: string | null;
            /**
             * Format: date-time
             * @description When it is forgotten with its result.
             */
            expires_at: string;
            /** @description Its id. */
            id: string;
            /** @description Pages of the result, once it is there. */
            pages?: number | null;
            problem?: components["schemas"]["Problem"] | null;
            /**
             * Format: int64
             * @description Rows of the result so far.
             */
            rows: number;
            /** @description How far it is. */
            state: components["schemas"]["SqlJobState"];
            /**
             * Format: int64
             * @description The tenant's version that the result is of.
             */
            version?: number | null;
            /** @description Who asked. */
            who: string;
        };
        /**
         * @description How far a query is.
         * @enum {string}
         */
        SqlJobState: "queued" | "running" | "done" | "failed" | "cancelled";
        /** @description A tenant's queries that run, or ran, without their client. */
        SqlJobs: {
            /** @description The newest first. */
            jobs: components["schemas"]["SqlJob"][];
        };
        /** @description What a query would read; nothing was run. */
        SqlPlan: {
            /**
             * Format: int64
             * @description Bytes of them, whole; a run that needs few columns fetches fewer.
             */
            bytes?: number | null;
            /** @description The columns of its answer. */
            columns?: components["schemas"]["Column"][] | null;
            /**
             * Format: int64
             * @description Data files that it would read.
             */
            files?: number | null;
            /** @description The logical plan. */
            plan?: string | null;
            problem?: components["schemas"]["Problem"] | null;
            /**
             * Format: int64
             * @description Rows in them.
             */
            rows?: number | null;
            /** @description Whether it passes every check that is made before a run. */
            verdict: components["schemas"]["PlanVerdict"];
            /**
             * Format: int64
             * @description The tenant's version that this is of.
             */
            version: number;
        };
        /** @description A query and the values of its parameters. */
        SqlQuery: {
            /** @description Only say what the query would read, and whether it may run. */
            dry_run?: boolean;
            /**
             * @description Values of `$1`, `$2`, …: null, booleans, numbers and strings.
             * @example [
             *       "coreldove"
             *     ]
             */
            params?: unknown[];
            /**
             * @description One SELECT over the tenant's tables.
             * @example select platform, sum(metric_value) from analytics_data_points where platform = $1 group by platform
             */
            query: string;
            /**
             * Format: int64
             * @description Stops the query after so many milliseconds; the plan's limit holds if it
             *     is shorter.
             */
            timeout_ms?: number | null;
        };
        /** @description What an answer took. */
        Stats: {
            /**
             * Format: int64
             * @description Bytes fetched from the store.
             */
            bytes_scanned: number;
            /**
             * Format: int64
             * @description Data files the query read.
             */
            files: number;
            /**
             * Format: int64
             * @description Rows in those files.
             */
            rows_scanned: number;
        };
        /** @description What changes of a tenant. */
        TenantChange: {
            /** @description The plan it moves to; servers see it within 30 seconds. */
            plan?: string | null;
            /** @description Where its days begin from now on, also those of older points. */
            time_zone?: string | null;
        };
        /** @description A tenant. */
        TenantItem: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description The plan it is on. */
            plan: string;
            /** @description Its id. */
            tenant_id: string;
        };
        /** @description What holds for a tenant, and where it comes from. */
        TenantLimitsView: {
            /** @description What holds; null: no bound. */
            limits: {
                [key: string]: number | null;
            };
            /** @description Those that are the tenant's own and not the plan's. */
            overrides: {
                [key: string]: number;
            };
            /** @description Its plan. */
            plan: string;
            /** @description The tenant. */
            tenant: string;
        };
        /** @description Some tenants, by id. */
        Tenants: {
            /** @description What to send as `after` for the next page; null: there is none. */
            next?: string | null;
            /** @description The tenants. */
            tenants: components["schemas"]["TenantItem"][];
        };
        /**
         * @description Which top values are answered.
         * @enum {string}
         */
        Top: "quick" | "all";
        /** @description Which groups are listed. */
        TopRequest: {
            /** @description The metric's column that ranks them; the first when left out. */
            by?: string | null;
            /**
             * @description How many, at most 1,000.
             * @example 10
             */
            limit: number;
            /** @description Whether the others are added up in rows of their own. */
            other?: boolean;
        };
        /** @description Every limit and how much of it is used. */
        Usage: {
            /** @description The limits. */
            limits: components["schemas"]["UsedLimit"][];
            /** @description The tenant's plan. */
            plan: string;
        };
        /** @description What tenants used, by day and tenant. */
        UsageList: {
            /**
             * Format: date
             * @description The first day.
             */
            from: string;
            /**
             * Format: date
             * @description The last day.
             */
            to: string;
            /** @description One row for each tenant and day on which it used something. */
            usage: components["schemas"]["UsageRow"][];
        };
        /** @description What one tenant used on one UTC day. */
        UsageRow: {
            /**
             * Format: int64
             * @description Computing, microseconds, as the query's operators measured it.
             */
            cpu_us: number;
            /**
             * Format: int64
             * @description Dashboards.
             */
            dashboards: number;
            /**
             * Format: date
             * @description The day.
             */
            day: string;
            /**
             * Format: int64
             * @description Exports.
             */
            exports: number;
            /**
             * Format: int64
             * @description Forecasts.
             */
            forecasts: number;
            /**
             * Format: int64
             * @description Points that an operator imported.
             */
            imported: number;
            /**
             * Format: int64
             * @description Points accepted from requests.
             */
            points: number;
            /**
             * Format: int64
             * @description Rows of answers.
             */
            result_rows: number;
            /**
             * Format: int64
             * @description Bytes fetched from stored files for SQL, exports and raw points.
             */
            scanned_bytes: number;
            /**
             * Format: int64
             * @description SQL queries.
             */
            sql_queries: number;
            /**
             * Format: int64
             * @description Bytes stored, the most that was seen; looked at every hour.
             */
            stored_bytes: number;
            /** @description The tenant. */
            tenant: string;
        };
        /** @description A limit and how much of it is used. */
        UsedLimit: {
            /**
             * Format: int64
             * @description What is allowed; null: no bound.
             */
            allowed?: number | null;
            /** @description Its name. */
            name: string;
            /** @description What it bounds, with its unit. */
            of: string;
            /**
             * Format: date-time
             * @description When what is used counts no more.
             */
            resets_at?: string | null;
            /**
             * @description `held` at one time, used in a `day` (UTC), of `each` request, or by one
             *     `server` at one time.
             */
            span: string;
            /**
             * Format: int64
             * @description What is used; null where each request has all of it.
             */
            used?: number | null;
        };
        /** @description How stored roll-ups compare with the points. */
        Verified: {
            /** @description How many cells were compared. */
            checked: components["schemas"]["Checked"];
            /**
             * Format: int64
             * @description Files whose stored roll-ups were compared with their rows.
             */
            files: number;
            /** @description The first thousand of them. */
            found: components["schemas"]["Mismatch"][];
            /**
             * Format: int64
             * @description Files that are inline, or too small for a roll-up: answers are made from rows.
             */
            inline_files: number;
            /**
             * Format: int64
             * @description How many measures differ.
             */
            mismatches: number;
            /** @description Whether nothing differs. */
            ok: boolean;
            /**
             * Format: int64
             * @description Files whose stored roll-up awaits its rewrite: answers are made from rows.
             */
            stale_files: number;
            /**
             * Format: int64
             * @description The tenant's version that was checked.
             */
            version: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
