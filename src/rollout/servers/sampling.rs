//! The servers of a run at work: who samples which request, and what becomes of it where a server fails.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::{
    ask::Ask,
    dialect::Dialect,
    fleet::{Fleet, PublishedWeights, prepared},
    http::{CallFailure, HttpClient},
    pool::{RequestPool, ServerEvent},
};
use crate::{
    error::input_error,
    interrupt::Interrupt,
    rollout::{completion::Completion, config::RolloutConfig},
};

/// How often it is looked whether servers have joined or left, or somebody has asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LISTEN: Duration = Duration::from_millis(50);

/// Times that one request may be lost before it is taken for what fails the servers.
const MOST_LOSSES: usize = 20;

/// All that is needed to sample on servers, by any thread.
pub(super) struct SamplingServers {
    pub config: RolloutConfig,
    pub dialect: Arc<dyn Dialect>,
    pub client: HttpClient,
    pub interrupt: Interrupt,
    /// Kept between batches, so that what is known of servers is.
    pub fleet: Mutex<Fleet>,
}

impl SamplingServers {
    /// Other weights have been published: each server is asked anew which it has.
    pub(super) fn weights_have_changed(&self) {
        let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        fleet.servers.values_mut().for_each(|server| server.model = None);
    }

    /// Threads that ask each server for what waits, as many as it may have.
    fn send_out(
        &self,
        fleet: &mut Fleet,
        work: &Arc<RequestPool>,
        weights: Option<&PublishedWeights>,
        events: &mpsc::Sender<(String, ServerEvent)>,
    ) -> Result<Option<String>> {
        let mut trouble = None;
        for (url, server) in &mut fleet.servers {
            let more = work.waiting().min(self.config.max_in_flight.saturating_sub(server.busy));
            if more == 0 || Instant::now() < server.not_before {
                continue;
            }
            let model = match &server.model {
                Some(model) => model.clone(),
                None => match prepared(&self.client, &*self.dialect, url, weights) {
                    Ok(model) => model,
                    Err(CallFailure::Lasting(message)) => return Err(input_error(message)),
                    Err(CallFailure::Passing(message)) => {
                        server.not_before = Instant::now() + LOOK_EVERY;
                        trouble = Some(message);
                        continue;
                    }
                },
            };
            server.model = Some(model.clone());
            server.busy += more;
            for _ in 0..more {
                let (work, client, dialect) = (work.clone(), self.client.clone(), self.dialect.clone());
                let (url, model, events) = (url.clone(), model.clone(), events.clone());
                thread::spawn(move || work.attend(&client, &*dialect, (&url, &model), &events));
            }
        }
        Ok(trouble)
    }

    /// The completions of all requests that want any, by their numbers, as long as they are wanted.
    ///
    /// # Errors
    /// When somebody asks to stop, nobody wants them, or a request can be answered by no server.
    pub(super) fn sample(
        &self,
        asks: Vec<Ask>,
        weights: Option<&PublishedWeights>,
        is_wanted: &AtomicBool,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<Vec<Completion>>> {
        let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Option<Vec<Completion>>> =
            asks.iter().map(|ask| (ask.completions() == 0).then(Vec::new)).collect();
        let (mut left, mut losses) = (found.iter().filter(|one| one.is_none()).count(), vec![0; asks.len()]);
        let work = Arc::new(RequestPool::new(asks));
        let (sender, events) = mpsc::channel();
        let (mut look_at, mut says) = (Instant::now(), true);
        while left > 0 {
            self.interrupt.check()?;
            if !is_wanted.load(Ordering::Relaxed) {
                bail!("the completions are not wanted any more");
            }
            if Instant::now() >= look_at {
                fleet.look(&self.config)?;
                look_at = Instant::now() + LOOK_EVERY;
            }
            let trouble = self.send_out(&mut fleet, &work, weights, &sender)?;
            if fleet.is_idle() && std::mem::take(&mut says) {
                let none = if fleet.servers.is_empty() { "none is listed" } else { "all have just failed" };
                let why = trouble.unwrap_or_else(|| none.to_owned());
                say!("no server can be asked, the run waits for one: {why}");
            }
            let Ok((url, event)) = events.recv_timeout(LISTEN) else { continue };
            match event {
                ServerEvent::Done(index, completions) => {
                    says = true;
                    if found[index].replace(completions).is_none() {
                        left -= 1;
                        progress(1);
                    }
                }
                ServerEvent::Failed(_, CallFailure::Lasting(message)) => return Err(input_error(message)),
                ServerEvent::Failed(index, CallFailure::Passing(message)) => {
                    losses[index] += 1;
                    if losses[index] > MOST_LOSSES {
                        return Err(anyhow::anyhow!("one request was lost {MOST_LOSSES} times: {message}"));
                    }
                    if fleet.servers.get(&url).is_some_and(|server| server.model.is_some()) {
                        say!("a server has failed, others are asked: {message}");
                    }
                    fleet.lost(&url);
                    work.again(index);
                }
                ServerEvent::Idle => fleet.idle(&url),
            }
        }
        Ok(found.into_iter().map(|found| found.expect("none is left")).collect())
    }
}
