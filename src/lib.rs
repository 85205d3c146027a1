//! The relay: tagging requests of alerting systems in, full calls to Microsoft Defender for Endpoint out.
//!
//! Rooms, arrows point down only: `http` and `lambda` → `relay` → `inbound`, `defender`, `entra`, `store` →
//! `domain`. `ARCHITECTURE.md` tells the way of a request through them.

pub mod aws;
pub mod clock;
pub mod config;
pub mod defender;
pub mod domain;
pub mod entra;
pub mod http;
pub mod inbound;
pub mod lambda;
pub mod logging;
pub mod outbound;
pub mod relay;
pub mod start;
pub mod store;
