//! `trust-compose setup` and `kustomize`, with real services: first the general case, then differences by
//! project, and calls to the engine.

mod trust;
mod overlaid;
mod java;
mod browser;
mod activate;
mod check;
mod replace;
mod without;
mod served;
mod proxy;
mod swarm;
mod kubernetes;

mod companion;
mod readme;

mod read;
pub mod golden;
mod hostile;
mod promises;
mod stopped;
