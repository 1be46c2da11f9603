//! What is said of the engine that does the work.

use clap::ValueEnum;

use crate::engine::address::Address;

/// The engine that cleans activities and makes the declared tables.
#[derive(Debug, clap::Args)]
pub(super) struct Engine {
    /// Clean activities and make the declared tables on an engine, which must see the warehouse at
    /// the same path; the outputs are the same.
    #[arg(long, value_enum, requires = "connect")]
    engine: Option<Kind>,
    /// Where the engine listens, without TLS.
    #[arg(long, value_name = "sc://HOST:PORT", requires = "engine")]
    connect: Option<Address>,
}

/// Which engine.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Apache Spark, or Sail: any server of Spark Connect.
    Spark,
}

impl Engine {
    /// Where it is, if there is one.
    pub(super) fn address(&self) -> Option<&Address> {
        self.connect.as_ref()
    }
}
