// Made from the server's OpenAPI document by `npm run types`.

export interface paths {
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
                /** @description nothing was kept */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
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
                /** @description nothing was kept */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ingested"];
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
         *     breaks off instead of looking whole.
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
        /** @description All registered platforms. */
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
        /** @description A query and the values of its parameters. */
        SqlQuery: {
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
        /**
         * @description Which top values are answered.
         * @enum {string}
         */
        Top: "quick" | "all";
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
             * @description Files too new to have a roll-up: answers are made from rows.
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
