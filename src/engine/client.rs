//! A session with a server of Spark Connect: Apache Spark, or Sail.
//!
//! Queries are texts and answers are tables of a few thousand rows, so that of the protocol little
//! more is needed than its call to execute a plan.

use std::error::Error as _;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::engine::address::Address;
use crate::engine::messages::{
    Ask, Command, Part, Plan, Relation, Release, Released, Sql, SqlCommand, User,
};
use crate::error::{Error, Result};

const EXECUTE: &str = "/spark.connect.SparkConnectService/ExecutePlan";
const RELEASE: &str = "/spark.connect.SparkConnectService/ReleaseSession";
/// Whom sessions are of, and what asks.
const NAME: &str = "conum";

/// Time until a connection stands.
const CONNECT: Duration = Duration::from_secs(30);
/// Silence after which the machine of the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);
/// Time between two looks at whether the run goes on.
const LOOK: Duration = Duration::from_millis(200);
/// Looks until the last row of an answer, two hours: who takes longer has stalled.
const LOOKS: u32 = 2 * 3600 * 5;
/// Time for the server to hear that the session is over.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes of a part of an answer.
const PART_MAX: usize = 256 << 20;
/// Letters of what a server says that are repeated.
const TOLD_MAX: usize = 400;

/// Rows, or why they cannot be read.
type Batches = std::result::Result<Vec<RecordBatch>, ArrowError>;

/// A session; its end ends what the server still does for it.
#[derive(Debug)]
pub struct Engine {
    address: Address,
    session: String,
    bearer: Option<MetadataValue<Ascii>>,
    goes_on: fn() -> Result<()>,
    runtime: Runtime,
    channel: Channel,
}

impl Engine {
    /// Opens a session, whose name is a UUID, with a token if the server asks for one, and sees
    /// that queries are answered; `goes_on` fails when who asks is to stop.
    ///
    /// # Errors
    /// When the server does not answer, or not as one of Spark Connect, or others could read the
    /// token.
    pub fn open(
        address: &Address,
        (session, token): (String, Option<&str>),
        goes_on: fn() -> Result<()>,
    ) -> Result<Self> {
        let bearer = token.map(|token| bearer(address, token)).transpose()?;
        let failed = |error: &dyn std::error::Error| absent(address, &chain(error));
        // A thread of its own answers what the server asks between two queries, such as whether
        // anyone is still there.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let mut endpoint = Endpoint::from_shared(address.http()).map_err(|error| failed(&error))?;
        if address.is_tls() {
            // An engine of the office's own has a certificate that its machines know.
            let tls = ClientTlsConfig::new().with_native_roots();
            endpoint = endpoint.tls_config(tls).map_err(|error| failed(&error))?;
        }
        let endpoint =
            endpoint.connect_timeout(CONNECT).tcp_nodelay(true).tcp_keepalive(Some(SILENCE));
        let channel = runtime.block_on(endpoint.connect()).map_err(|error| failed(&error))?;
        let address = address.clone();
        let engine = Self { address, session, bearer, goes_on, runtime, channel };
        let rows: usize = engine.ask("SELECT 1 AS one")?.iter().map(RecordBatch::num_rows).sum();
        if rows != 1 {
            return Err(absent(&engine.address, "it does not answer a query as SQL asks"));
        }
        Ok(engine)
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The rows that answer a query, all of them.
    ///
    /// # Errors
    /// When the server fails, goes away or stalls, or the run is asked to stop.
    pub fn ask(&self, query: &str) -> Result<Vec<RecordBatch>> {
        self.wait(Plan { root: Some(sql(query)), command: None })
    }

    /// Does what a command says.
    ///
    /// # Errors
    /// As for [`Engine::ask`].
    pub fn tell(&self, command: &str) -> Result<()> {
        let command = Command { sql: Some(SqlCommand { input: Some(sql(command)) }) };
        self.wait(Plan { root: None, command: Some(command) }).map(drop)
    }

    fn wait(&self, plan: Plan) -> Result<Vec<RecordBatch>> {
        let mut answer = Box::pin(self.answer(plan));
        self.runtime.block_on(async {
            for _ in 0..LOOKS {
                if let Ok(answer) = tokio::time::timeout(LOOK, &mut answer).await {
                    return answer;
                }
                (self.goes_on)()?;
            }
            Err(absent(&self.address, "a query has no answer after two hours"))
        })
    }

    async fn answer(&self, plan: Plan) -> Result<Vec<RecordBatch>> {
        let failed = |status: Status| self.failed(&status);
        let ask = Ask {
            session: self.session.clone(),
            user: Some(user()),
            plan: Some(plan),
            client: Some(NAME.to_owned()),
        };
        let mut client = self.client();
        client.ready().await.map_err(|error| absent(&self.address, &chain(&error)))?;
        let codec: ProstCodec<Ask, Part> = ProstCodec::default();
        let path = PathAndQuery::from_static(EXECUTE);
        let parts =
            client.server_streaming(self.request(ask), path, codec).await.map_err(failed)?;
        let mut parts = parts.into_inner();
        let mut rows = Vec::new();
        // An answer that is cut short ends with an error: its end is a message, too.
        while let Some(part) = parts.message().await.map_err(failed)? {
            let Some(batch) = part.batch else { continue };
            let read = StreamReader::try_new(batch.data.as_slice(), None);
            let read = read.and_then(Iterator::collect::<Batches>);
            let read = read.map_err(|error| absent(&self.address, &chain(&error)))?;
            let count: usize = read.iter().map(RecordBatch::num_rows).sum();
            if i64::try_from(count).ok() != Some(batch.rows) {
                return Err(absent(&self.address, "it announces other rows than it sends"));
            }
            rows.extend(read);
        }
        Ok(rows)
    }

    async fn release(&self) -> std::result::Result<(), Status> {
        let release = Release { session: self.session.clone(), user: Some(user()) };
        let mut client = self.client();
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec: ProstCodec<Release, Released> = ProstCodec::default();
        client.unary(self.request(release), PathAndQuery::from_static(RELEASE), codec).await?;
        Ok(())
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(bearer) = &self.bearer {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        request
    }

    fn client(&self) -> Grpc<Channel> {
        Grpc::new(self.channel.clone()).max_decoding_message_size(PART_MAX)
    }

    fn failed(&self, status: &Status) -> Error {
        // Of what the connection itself came to, the server says nothing.
        match status.source() {
            Some(cause) => {
                absent(&self.address, &format!("the connection was cut: {}", chain(cause)))
            }
            None => {
                let told: String = status.message().chars().take(TOLD_MAX).collect();
                let message = format!("the engine at {} failed: {told}", self.address);
                Error::unavailable(message)
                    .hint("its log says more; run again, or without `--engine`")
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let farewell = async { tokio::time::timeout(FAREWELL, self.release()).await };
        // A server that does not hear it ends the session by itself, an hour later.
        drop(self.runtime.block_on(farewell));
    }
}

/// What shows a server that who asks has the token.
fn bearer(address: &Address, token: &str) -> Result<MetadataValue<Ascii>> {
    if !address.is_tls() {
        let told = format!("a token would go to {address} for others to read");
        return Err(Error::usage(told).hint("end the address in `/;use_ssl=true`"));
    }
    let mut bearer: MetadataValue<Ascii> = format!("Bearer {token}")
        .parse()
        .map_err(|_| Error::usage("the token of the engine is none that a request can carry"))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

fn sql(text: &str) -> Relation {
    Relation { sql: Some(Sql { query: text.to_owned() }) }
}

fn user() -> User {
    User { id: NAME.to_owned() }
}

/// What is said of an engine that does not do what it should: nothing that it was asked for is
/// used, so that the run may be made again, or without it.
fn absent(address: &Address, why: &str) -> Error {
    let first: String = why.chars().take(TOLD_MAX).collect();
    Error::unavailable(format!("the engine at {address} does not answer: {first}"))
        .hint("is it up, and does it see the warehouse? run again then, or without `--engine`")
}

/// What an error says, and those that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push(error.to_string());
        cause = error.source();
    }
    told.dedup();
    told.join(": ")
}
