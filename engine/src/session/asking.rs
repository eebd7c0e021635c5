//! SQL: whose turn it is, what it may take, and in which process it runs.

use std::time::{Duration, Instant};

use super::param::{Param, scalars};
use super::{DryRun, Form, Session, WrittenAnswer};
use crate::error::{Error, Result};
use crate::metadata::metering::Used;
use crate::query::admission::{Class, Permit};
use crate::query::execute::{Answer, DeadlineOf, QueryLimits, TooManyRows};
use crate::query::wanted::{NoForm, Wanted};
use crate::query::written::Writing;
use crate::query::{dry_run, execute, worker};

/// How long an export or a query without its client may take.
pub(crate) const ALONE: Duration = Duration::from_secs(3_600);

/// How much longer than another a query without its client may take.
const TIMES_ALONE: u32 = 20;

/// Bytes of one answer, and of one export.
const ANSWER_BYTES: u64 = 1 << 30;
const EXPORT_BYTES: u64 = 64 << 30;
/// Bytes of what a dry run says.
const PLAN_BYTES: usize = 4 << 20;

impl Session {
    /// Runs one SQL query in this process, whatever the engine's
    /// [`crate::SqlIsolation`], when its turn has come: for queries that are the
    /// program's own. At most the plan's result rows come back; the stream says
    /// when rows were cut. Errors: `LimitExceeded` also for too many queries at
    /// once or in a second, and for what a day lets the tenant read.
    pub async fn sql(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.begin_query().await?;
        self.admitted(Class::Sql, query, params, self.query_limits())
            .await
    }

    /// Runs one SQL query of a caller's where the engine's
    /// [`crate::SqlIsolation`] says, under a deadline of the caller's own if the
    /// plan's is not shorter, and writes its answer. As [`Self::sql`] else.
    pub async fn sql_as<F: Form>(
        &self,
        query: &str,
        params: &[Param],
        timeout: Option<Duration>,
        form: &F,
    ) -> Result<WrittenAnswer> {
        self.begin_query().await?;
        let limits = self.query_limits().within(timeout);
        self.written(Class::Sql, query, params, Wanted::Answer(form), limits)
            .await
    }

    /// As [`Self::sql_as`], in pages that are kept, for a query that runs
    /// without its client: it may take twenty times as long, an hour at most.
    pub(crate) async fn pages_alone(
        &self,
        query: &str,
        params: &[Param],
        timeout: Duration,
    ) -> Result<WrittenAnswer> {
        // It began, for its plan, when it was put in.
        self.count_query();
        let limits = self.query_limits();
        let limits = QueryLimits {
            // Slots of such queries are few, and whose plan allows little keeps
            // them for little.
            deadline: ALONE.min(limits.deadline * TIMES_ALONE),
            ..limits
        };
        let (pages, limits) = (Wanted::<&NoForm>::Pages, limits.within(Some(timeout)));
        self.written(Class::Sql, query, params, pages, limits).await
    }

    /// Plans and checks a query of a caller's without running it.
    pub async fn dry_run(&self, query: &str, params: &[Param]) -> Result<DryRun> {
        self.limits.begin(self.tenant(), &self.plan).await?;
        let limits = self.query_limits();
        if self.workers.is_none() {
            let params = scalars(params)?;
            let (threads, scope) = (&self.threads, &self.scope);
            return dry_run::dry_run(threads, scope, query, params, &limits).await;
        }
        let plan = Wanted::<&NoForm>::DryRun;
        let plan = self.written(Class::Sql, query, params, plan, limits);
        let plan = plan.await?.whole(PLAN_BYTES).await?;
        serde_json::from_slice(&plan).map_err(Error::internal)
    }

    /// As [`Self::sql`], for an export, which may be longer than an answer; one
    /// that is too long for the plan fails instead of being cut, and one that
    /// does not begin is not counted.
    pub async fn export(&self, query: &str, params: &[Param]) -> Result<Answer> {
        let limits = self.export_limits();
        self.counted_export(self.admitted(Class::Export, query, params, limits))
            .await
    }

    /// As [`Self::export`], where [`Self::sql_as`] runs it.
    pub async fn export_as<F: Form>(
        &self,
        query: &str,
        params: &[Param],
        form: &F,
    ) -> Result<WrittenAnswer> {
        let (limits, wanted) = (self.export_limits(), Wanted::Answer(form));
        self.counted_export(self.written(Class::Export, query, params, wanted, limits))
            .await
    }

    /// A question of the program's own to raw points: it goes before SQL, or
    /// last where nobody waits for it.
    pub(crate) async fn raw_points(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.admitted(self.class, query, params, self.query_limits())
            .await
    }

    pub(super) fn query_limits(&self) -> QueryLimits {
        let plan = self.plan();
        QueryLimits {
            rows: plan.result_rows,
            too_many_rows: TooManyRows::Cut,
            answer_bytes: ANSWER_BYTES,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: Duration::from_millis(plan.query_timeout_ms),
            deadline_of: DeadlineOf::Plan,
            waited: Duration::ZERO,
        }
    }

    fn export_limits(&self) -> QueryLimits {
        QueryLimits {
            rows: self.plan.export_rows,
            too_many_rows: TooManyRows::Fail,
            answer_bytes: EXPORT_BYTES,
            deadline: ALONE,
            ..self.query_limits()
        }
    }

    async fn begin_query(&self) -> Result<()> {
        self.limits.begin(self.tenant(), &self.plan).await?;
        self.count_query();
        Ok(())
    }

    fn count_query(&self) {
        self.count(&Used {
            sql_queries: 1,
            ..Used::default()
        });
    }

    async fn counted_export<T>(&self, begun: impl Future<Output = Result<T>>) -> Result<T> {
        self.limits.begin(self.tenant(), &self.plan).await?;
        let taken = self.limits.take_export(self.tenant()).await?;
        let begun = begun.await;
        match &begun {
            Ok(_) => self.count(&Used {
                exports: 1,
                ..Used::default()
            }),
            Err(_) => self.limits.give_back_export(self.tenant(), &taken).await,
        }
        begun
    }

    /// Counts what the tenant used besides what answers count by themselves.
    pub(crate) fn count(&self, used: &Used) {
        if let Some(account) = &self.scope.account {
            account.count(used);
        }
    }

    /// Waits for the tenant's turn. A request's own deadline holds for the wait,
    /// too, and what is left of it for the query.
    async fn turn(&self, class: Class, limits: &mut QueryLimits) -> Result<Permit> {
        let turn = self.limits.enter(class, self.tenant(), &self.plan);
        if limits.deadline_of == DeadlineOf::Plan {
            return turn.await;
        }
        let asked = Instant::now();
        let turn = tokio::time::timeout(limits.deadline, turn).await;
        let permit = turn.map_err(|_| limits.out_of_time())??;
        limits.waited = asked.elapsed().min(limits.deadline);
        limits.deadline -= limits.waited;
        Ok(permit)
    }

    /// Runs in this process when its turn has come.
    async fn admitted(
        &self,
        class: Class,
        query: &str,
        params: &[Param],
        limits: QueryLimits,
    ) -> Result<Answer> {
        let params = scalars(params)?;
        let mut limits = limits;
        let permit = Some(self.turn(class, &mut limits).await?);
        execute::sql(&self.threads, &self.scope, query, params, limits, permit).await
    }

    /// Runs where callers' queries run when its turn has come.
    async fn written<F: Form>(
        &self,
        class: Class,
        query: &str,
        params: &[Param],
        wanted: Wanted<&F>,
        limits: QueryLimits,
    ) -> Result<WrittenAnswer> {
        let most_bytes = limits.answer_bytes;
        let Some(workers) = &self.workers else {
            let answer = self.admitted(class, query, params, limits).await?;
            let encoder = wanted.encoder(&answer.schema, self.stamp())?;
            let writing = Writing::new(answer, encoder);
            return Ok(WrittenAnswer::here(writing, most_bytes));
        };
        // What is wrong with them needs no worker.
        scalars(params)?;
        let mut limits = limits;
        let permit = self.turn(class, &mut limits).await?;
        let question = worker::Question {
            query: query.to_owned(),
            params: params.to_vec(),
            limits,
            wanted: serde_json::to_string(&wanted).map_err(Error::internal)?,
        };
        let answer = worker::ask(workers, &self.scope, question, permit).await?;
        Ok(WrittenAnswer::of_worker(answer, most_bytes))
    }
}
