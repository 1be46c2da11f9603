//! The messages of Spark Connect that are used, of the many there are.
//!
//! Numbers are those of `spark/connect/base.proto` and `relations.proto` of Apache Spark 4; fields
//! that are not named here are skipped by who reads them.

/// `ExecutePlanRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ask {
    #[prost(string, tag = "1")]
    pub(super) session: String,
    #[prost(message, optional, tag = "2")]
    pub(super) user: Option<User>,
    #[prost(message, optional, tag = "3")]
    pub(super) plan: Option<Plan>,
    #[prost(string, optional, tag = "4")]
    pub(super) client: Option<String>,
}

/// `UserContext`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct User {
    #[prost(string, tag = "1")]
    pub(super) id: String,
}

/// `Plan`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Plan {
    #[prost(message, optional, tag = "1")]
    pub(super) root: Option<Relation>,
    #[prost(message, optional, tag = "2")]
    pub(super) command: Option<Command>,
}

/// `Command`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Command {
    #[prost(message, optional, tag = "5")]
    pub(super) sql: Option<SqlCommand>,
}

/// `SqlCommand`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SqlCommand {
    #[prost(message, optional, tag = "6")]
    pub(super) input: Option<Relation>,
}

/// `Relation`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Relation {
    #[prost(message, optional, tag = "10")]
    pub(super) sql: Option<Sql>,
}

/// `SQL`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Sql {
    #[prost(string, tag = "1")]
    pub(super) query: String,
}

/// `ExecutePlanResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Part {
    #[prost(message, optional, tag = "2")]
    pub(super) batch: Option<Batch>,
}

/// `ExecutePlanResponse.ArrowBatch`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Batch {
    #[prost(int64, tag = "1")]
    pub(super) rows: i64,
    /// A whole stream of Arrow IPC.
    #[prost(bytes = "vec", tag = "2")]
    pub(super) data: Vec<u8>,
}

/// `ReleaseSessionRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Release {
    #[prost(string, tag = "1")]
    pub(super) session: String,
    #[prost(message, optional, tag = "2")]
    pub(super) user: Option<User>,
}

/// `ReleaseSessionResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Released {}
