//! A parallel map with a limit, for calls that mostly wait. On a terminal it shows what it still waits for.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::output;

/// Delay before progress is shown.
pub(crate) const DELAY: Duration = Duration::from_secs(1);

/// Returns the results of `work` on each of `items`, in their order, and runs at most `limit` at the same time. If
/// `is_shown`, a terminal shows the progress.
pub(crate) fn parallel_map<T: Display + Sync, R: Send>(
    items: &[T],
    limit: usize,
    is_shown: bool,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let begin = Instant::now();
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..items.len().min(limit) {
            let (next, work, sender) = (&next, &work, sender.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    // The receiver is gone only if this thread's parent panicked.
                    let _ = sender.send((index, work(item)));
                }
            });
        }
        drop(sender);
        let mut has_shown = false;
        loop {
            match receiver.recv_timeout(DELAY) {
                Ok((index, result)) => {
                    results.get_mut(index).map(|place| place.replace(result));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if is_shown && begin.elapsed() >= DELAY {
                output::progress(&waiting(items, &results));
                has_shown = true;
            }
        }
        if has_shown {
            output::progress("");
        }
    });
    results.into_iter().flatten().collect()
}

/// The progress text: the first item without a result, and the number of others.
fn waiting<T: Display, R>(items: &[T], results: &[Option<R>]) -> String {
    let mut missing = items.iter().zip(results).filter(|(_, result)| result.is_none());
    let Some((first, _)) = missing.next() else { return String::new() };
    match missing.count() {
        0 => format!("waiting for {first}"),
        more => format!("waiting for {first} and {more} more"),
    }
}
