//! What is said of the engine that does the work.

use clap::ValueEnum;

use crate::engine::address::Address;

/// The engine that cleans activities and makes the declared tables.
#[derive(Debug, clap::Args)]
pub(super) struct Engine {
    /// Clean activities and make the declared tables on an engine, which must see the warehouse or
    /// its bucket; the outputs are the same.
    #[arg(long, value_enum, requires = "connect")]
    engine: Option<Kind>,
    /// Where the engine listens, without TLS.
    #[arg(long, value_name = "sc://HOST:PORT", requires = "engine")]
    connect: Option<Address>,
    /// How the engine names the place of the warehouse, where it is not as this program does:
    /// `/mnt/warehouse`, `s3a://NAME/PREFIX`.
    #[arg(long, value_name = "PLACE", requires = "engine")]
    seen_as: Option<String>,
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

    /// How it names the place of the warehouse, if that is told.
    pub(super) fn seen_as(&self) -> Option<String> {
        self.seen_as.clone()
    }
}
