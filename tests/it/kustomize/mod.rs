//! Tests of `trust-compose kustomize`.

mod cases;
mod order;
mod listed;
mod adopted;
mod refused;
mod broken;
mod owners;
