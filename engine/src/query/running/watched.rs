//! A stream that is part of a running query.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;

use super::RunningQuery;

/// What a running query makes of a stream's items.
#[derive(Debug)]
pub struct Terms<T, E> {
    /// Bytes of an item.
    pub bytes: fn(&T) -> u64,
    /// The kind of an error, see [`crate::Error::kind`].
    pub kind: fn(&E) -> String,
    /// What the reader gets of a query that was cancelled.
    pub cancelled: fn() -> E,
}

/// A stream whose end, however it comes, is its query's end; cancelling the
/// query drops the stream.
pub struct Watched<S, T, E> {
    stream: Option<S>,
    query: RunningQuery,
    terms: Terms<T, E>,
    cancelled: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl RunningQuery {
    /// Makes a stream part of this query.
    pub fn watch<S, T, E>(self, stream: S, terms: Terms<T, E>) -> Watched<S, T, E>
    where
        S: Stream<Item = Result<T, E>>,
    {
        Watched {
            cancelled: Box::pin(self.cancelled()),
            stream: Some(stream),
            query: self,
            terms,
        }
    }
}

impl<S, T, E> Stream for Watched<S, T, E>
where
    S: Stream<Item = Result<T, E>> + Unpin,
{
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(stream) = &mut this.stream else {
            return Poll::Ready(None);
        };
        if this.cancelled.as_mut().poll(cx).is_ready() {
            this.stream = None;
            this.query.fail("cancelled");
            return Poll::Ready(Some(Err((this.terms.cancelled)())));
        }
        let next = std::task::ready!(Pin::new(stream).poll_next(cx));
        match &next {
            Some(Ok(item)) => this.query.sent((this.terms.bytes)(item)),
            Some(Err(error)) => {
                let kind = (this.terms.kind)(error);
                this.query.fail(&kind);
                this.stream = None;
            }
            None => {
                this.query.finish();
                this.stream = None;
            }
        }
        Poll::Ready(next)
    }
}

impl<S, T, E> Unpin for Watched<S, T, E> {}
