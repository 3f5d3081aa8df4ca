//! [`HttpServer`]: a socket, a model and a thread that samples from it.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    sync::{Arc, Mutex, atomic::AtomicU64},
    thread,
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, runtime::Builder, sync::Semaphore};

use super::{
    connections::answer_all,
    counters::Counters,
    options::ServeOptions,
    routes::{Shared, router},
    sampler::{ServedModel, ServedSampler},
};
use crate::{interrupt::Interrupt, kernels::Kernels, processor::Processor};

/// A server that has its address and answers nobody yet.
pub struct HttpServer {
    listener: StdListener,
    options: ServeOptions,
    processor: Arc<Processor>,
}

impl HttpServer {
    /// Takes the address. Prompts are bound to what is served.
    ///
    /// # Errors
    /// An input error where the options contradict each other, or the address cannot be had.
    pub fn bind(options: ServeOptions, processor: Processor) -> Result<Self> {
        options.check()?;
        let listener = StdListener::bind(options.addr).with_context(|| {
            format!("--addr {}: the address cannot be had; name another one", options.addr)
        })?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, options, processor: Arc::new(processor) })
    }

    /// Where it can be reached.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn addr(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers until somebody asks to stop.
    ///
    /// # Errors
    /// When threads or sockets cannot be had.
    pub fn run<B: Kernels>(self, model: ServedModel<B>, chance: u64, interrupt: &Interrupt) -> Result<()> {
        let sampler: Arc<dyn ServedSampler> = Arc::new(model);
        let limits = self.options.limits;
        let shared = Arc::new(Shared {
            processor: self.processor,
            sampler: sampler.clone(),
            counters: Counters::default(),
            bodies: Semaphore::new(limits.all_bodies_bytes.max(limits.body_bytes).div_ceil(1024)),
            number: AtomicU64::default(),
            chance,
            started: super::routes::seconds_since_1970(),
            weight_version: Mutex::new("0".to_owned()),
            reloading: tokio::sync::Mutex::default(),
            options: self.options,
        });
        let working = sampler.clone();
        let engine = thread::Builder::new().name("engine".to_owned()).spawn(move || working.run())?;
        let runtime =
            Builder::new_multi_thread().enable_all().build().context("starting the server's threads")?;
        let answered = runtime.block_on(async {
            let listener = TcpListener::from_std(self.listener)?;
            answer_all(listener, router(shared), limits, interrupt).await
        });
        // Whoever is still connected is dropped, and so are the requests.
        runtime.shutdown_background();
        sampler.close();
        engine.join().map_err(|_| anyhow::anyhow!("the engine's thread has panicked"))?;
        answered
    }
}
