//! What is said of the engine that does the work.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::pipeline_args::{credentials, token};
use crate::engine::address::Address;
use crate::error::Result;
use crate::fetch::Token;

/// Name of the token in the folder of a manager of services.
const TOKEN: &str = "conum-engine";
const HOW_TO_KEEP: &str = "give a file of one line, the token, with `--engine-token-file`";

/// The engine that cleans activities and makes the declared tables.
#[derive(Debug, clap::Args)]
pub(super) struct Engine {
    /// Clean activities and make the declared tables on an engine, which must see the warehouse or
    /// its bucket; the outputs are the same.
    #[arg(long, value_enum, requires = "connect")]
    engine: Option<Kind>,
    /// Where the engine listens; `sc://HOST:PORT/;use_ssl=true` with TLS.
    #[arg(long, value_name = "sc://HOST:PORT", requires = "engine")]
    connect: Option<String>,
    /// Secret file of the token that the engine asks for, which needs TLS [default: `conum-engine`
    /// in the folder `CREDENTIALS_DIRECTORY`, if it is there].
    #[arg(long, value_name = "FILE", requires = "engine")]
    engine_token_file: Option<PathBuf>,
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
    /// Where it is, and its token, if there is one.
    pub(super) fn address(&self) -> Result<Option<(Address, Option<Token>)>> {
        let Some(address) = &self.connect else { return Ok(None) };
        // What is said of an address that is none repeats nothing of it: a secret may be in there.
        let address = address.parse()?;
        let kept = credentials().map(|folder| folder.join(TOKEN)).filter(|kept| kept.exists());
        let Some(path) = self.engine_token_file.clone().or(kept) else {
            return Ok(Some((address, None)));
        };
        Ok(Some((address, Some(token(&path, HOW_TO_KEEP)?))))
    }

    /// How it names the place of the warehouse, if that is told.
    pub(super) fn seen_as(&self) -> Option<String> {
        self.seen_as.clone()
    }
}
