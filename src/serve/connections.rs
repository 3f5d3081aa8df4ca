//! Sockets: taken in while the server runs, cut off where a client dawdles, and waited for at the end.

use std::time::Duration;

use anyhow::Result;
use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

use super::options::ServeLimits;
use crate::interrupt::Interrupt;

/// How often it is looked whether the server is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Answers everybody who connects, until somebody asks to stop; then waits for those who are being answered.
pub(super) async fn answer_all(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.sending);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(limits.sending));
    let closing = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => stream,
                // Too many open files, or a client that has gone already: others may have more luck.
                Err(error) => {
                    say!("a connection could not be taken in: {error}");
                    sleep(LOOK_EVERY).await;
                    continue;
                }
            },
            () = asked(interrupt) => break,
        };
        // Small events are sent as they come.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = closing.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = connection.await;
        });
    }
    drop(listener);
    if timeout(limits.closing, closing.shutdown()).await.is_err() {
        say!("requests that were still under way after {} s are given up", limits.closing.as_secs());
    }
    Ok(())
}

async fn asked(interrupt: &Interrupt) {
    while !interrupt.asked() {
        sleep(LOOK_EVERY).await;
    }
}
