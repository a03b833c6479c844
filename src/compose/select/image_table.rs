//! THE table of images that get no CA by default, and how a name is looked up in it.
//!
//! Its rows answer requests and send none: proxies, databases, brokers. They need no trust, and to
//! recreate one costs connections, warm caches, or a person who must unseal it. What
//! calls other servers for the application (a dashboard with single sign-on, a collector that ships
//! elsewhere) is no row here. Where it could be either, a database that is recreated for nothing is
//! worse than a collector without trust: `--service NAME=trust` corrects that one.

use std::fmt::{self, Display};

use crate::compose::project::image_name::ImageName;
use crate::compose::project::interpolate::{MARK, interpolate_or_mark};

/// What an image is, if it is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// Hands requests on, or serves files; for databases too.
    Proxy,
    /// Keeps the application's data: tables, documents, graphs, vectors, search indexes.
    Database,
    /// Hands messages on.
    Broker,
    /// Keeps what can be made again.
    Cache,
    /// Keeps files.
    ObjectStore,
    /// Keeps secrets, and is sealed after a restart.
    SecretStore,
    /// Keeps metrics, logs or traces.
    TelemetryStore,
    /// Answers with a model, and does nothing else.
    ModelServer,
}

impl Display for ImageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "proxy",
            Self::Database => "database",
            Self::Broker => "broker",
            Self::Cache => "cache",
            Self::ObjectStore => "object store",
            Self::SecretStore => "secret store",
            Self::TelemetryStore => "telemetry store",
            Self::ModelServer => "model server",
        })
    }
}

/// The images of one kind.
#[derive(Debug)]
pub struct ImageRow {
    /// What they are.
    pub kind: ImageKind,
    /// Words that decide anywhere in the last element of an image's name.
    pub words: &'static [&'static str],
    /// Names that say so as a whole, some with the element before the last.
    pub names: &'static [&'static str],
    /// What people call such a service, where nothing else is known of it.
    pub services: &'static [&'static str],
}

/// Every image that is left alone.
#[rustfmt::skip]
pub const IMAGE_TABLE: &[ImageRow] = &[
    ImageRow {
        kind: ImageKind::Proxy,
        words: &[
            "nginx", "openresty", "tengine", "angie", "npmplus", "nginxproxymanager", "caddy",
            "traefik", "haproxy", "envoy", "httpd", "lighttpd", "varnish", "squid", "tinyproxy",
            "privoxy", "apisix", "kong", "krakend", "bunkerweb", "modsecurity", "zoraxy", "stunnel",
            "cloudflared", "ngrok", "frpc", "frps",
            // In front of databases.
            "pgbouncer", "pgpool", "pgcat", "supavisor", "proxysql", "maxscale", "twemproxy",
        ],
        names: &[
            "nginx-proxy-manager", "apache", "apache2", "swag", "static-web-server", "tyk-gateway",
            "socket-proxy", "docker-socket-proxy", "reverse-proxy",
        ],
        services: &["proxy", "reverse-proxy", "reverseproxy", "loadbalancer", "load-balancer"],
    },
    ImageRow {
        kind: ImageKind::Database,
        words: &[
            "postgres", "postgresql", "postgis", "pgvector", "pgvecto", "timescale", "timescaledb",
            "paradedb", "citus", "spilo", "postgresml", "yugabyte", "yugabytedb", "cockroach",
            "cockroachdb", "mysql", "mariadb", "percona", "tidb", "tikv", "oceanbase", "seekdb",
            "starrocks", "doris", "singlestoredb", "dolt", "mssql", "firebird", "firebirdsql", "db2",
            "rqlite", "libsql", "immudb", "tigerbeetle", "tarantool", "kvrocks", "foundationdb",
            // Documents, wide columns, graphs, events.
            "mongo", "mongodb", "mongod", "ferretdb", "couchdb", "couchbase", "ravendb",
            "rethinkdb", "surrealdb", "cassandra", "scylla", "scylladb", "hbase", "dynamodb",
            "aerospike", "neo4j", "arangodb", "dgraph", "memgraph", "janusgraph", "orientdb",
            "falkordb", "eventstore", "kurrentdb",
            // Time series and analysis.
            "clickhouse", "influxdb", "questdb", "tdengine", "greptimedb", "cratedb", "druid",
            "databend", "risingwave", "materialized",
            // Search and vectors.
            "elasticsearch", "opensearch", "solr", "meilisearch", "typesense", "manticore",
            "manticoresearch", "zincsearch", "quickwit", "vespa", "qdrant", "weaviate", "milvus",
            "chroma", "chromadb", "marqo", "serenedb",
            // Coordination.
            "etcd", "consul", "zookeeper",
        ],
        names: &[
            "mssql/server", "azure-sql-edge", "oracle-free", "oracle-xe", "database/free",
            "database/express", "database/enterprise", "crate", "apache/age", "infiniflow/infinity",
            "nebula-graphd", "nebula-metad", "nebula-storaged",
        ],
        services: &["db", "database"],
    },
    ImageRow {
        kind: ImageKind::Broker,
        words: &[
            "rabbitmq", "kafka", "redpanda", "pulsar", "nats", "mosquitto", "emqx", "hivemq",
            "vernemq", "nanomq", "activemq", "artemis", "rocketmq", "nsq", "nsqd", "elasticmq",
            "lavinmq", "automq", "beanstalkd", "gearmand", "solace",
        ],
        names: &["ibm-messaging/mq", "ibmcom/mq", "cp-server"],
        services: &["broker", "message-broker", "mqtt"],
    },
    ImageRow {
        kind: ImageKind::Cache,
        words: &[
            "redis", "valkey", "redict", "rejson", "redisearch", "redismod", "memcached", "keydb",
            "dragonfly", "dragonflydb", "garnet", "hazelcast", "infinispan",
        ],
        names: &[],
        services: &["cache"],
    },
    ImageRow {
        kind: ImageKind::ObjectStore,
        words: &["minio", "seaweedfs", "rustfs", "ceph", "azurite", "s3mock", "s3ninja"],
        names: &["garage", "amd64_garage", "arm64_garage", "pgsty/silo", "fake-gcs-server"],
        services: &["s3"],
    },
    ImageRow { kind: ImageKind::SecretStore, words: &["openbao"], names: &["vault"], services: &[] },
    ImageRow {
        kind: ImageKind::TelemetryStore,
        words: &["prometheus", "thanos", "jaeger", "zipkin", "graphite"],
        names: &[
            "loki", "tempo", "mimir", "victoria-metrics", "victoria-logs", "vmstorage", "vmselect",
            "vminsert", "jaegertracing/all-in-one", "datalust/seq",
        ],
        services: &[],
    },
    ImageRow { kind: ImageKind::ModelServer, words: &["ollama"], names: &[], services: &[] },
];

/// Words of a client of a product (`redis-exporter`), or of an application that shares an image with
/// it: the image is not the product itself.
#[rustfmt::skip]
const CLIENT_WORDS: &[&str] = &[
    "adapter", "admin", "agent", "alertmanager", "api", "app", "auth", "backup", "backups", "bot",
    "box", "bridge", "browser", "cli", "client", "collector", "commander", "companion", "connect",
    "connector", "console", "consumer", "dashboard", "dashboards", "dump", "dumper", "editor",
    "explorer", "exporter", "express", "gui", "insight", "insights", "manager", "mc", "mcp",
    "migrate", "migration", "migrations", "migrator", "mirror", "monitor", "operator", "producer",
    "pushgateway", "rest", "restore", "sidecar", "studio", "sync", "template", "tool", "tools",
    "ui", "viewer", "webui", "workbench", "worker",
    "django", "flask", "fpm", "php", "python", "unit", "uwsgi",
];

/// Images of back ends that many projects use as they are; trusted whatever `--unknown` says.
#[rustfmt::skip]
const BACK_ENDS: &[&str] = &[
    "node", "bun", "deno", "python", "pypy", "ruby", "php", "golang", "rust", "elixir", "erlang",
    "perl", "openjdk", "eclipse-temurin", "amazoncorretto", "tomcat", "dotnet/aspnet",
    "dotnet/runtime", "dotnet/sdk",
    "n8n", "grafana", "grafana-oss", "grafana-enterprise", "keycloak", "kibana", "logstash",
    "litellm", "oauth2-proxy", "open-webui", "postgres-meta",
];

/// What the table says of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageClass {
    /// It is left alone: what it is, and by which entry.
    Left(ImageKind, &'static str),
    /// It is a back end: which.
    BackEnd(&'static str),
}

/// The end of an image's name.
struct ImageNameEnd {
    /// The last element, without tag and digest.
    last: String,
    /// The same with the element before it.
    longer: String,
}

impl ImageNameEnd {
    /// Of an image as a file names it; `None` where a variable hides it.
    fn parse(image: &str) -> Option<Self> {
        let image = interpolate_or_mark(image, &|_| None).to_lowercase();
        let path = ImageName::parse(&image).path;
        let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
        // What a variable adds at either end may be a registry or a tag.
        let last = last.trim_matches(MARK).to_owned();
        let above = above.rsplit('/').next()?;
        let longer = format!("{above}/{last}");
        (!last.is_empty()).then_some(Self { last, longer })
    }

    /// The entry that is this name as a whole.
    fn entry_among(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().find(|name| **name == self.last || **name == self.longer).copied()
    }

    /// The entry that is one of the words of this name, a version at its end or not.
    fn word_among(&self, entries: &[&'static str]) -> Option<&'static str> {
        let mut words = self.last.split(['-', '_', '.', MARK]);
        words.find_map(|word| {
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            entries.iter().find(|entry| **entry == word || **entry == bare).copied()
        })
    }
}

/// Whether anything can be said of an image by its name.
pub fn is_named(image: &str) -> bool {
    ImageNameEnd::parse(image).is_some()
}

/// What an image is, by its name.
pub fn classify_image(image: &str) -> Option<ImageClass> {
    let name = ImageNameEnd::parse(image)?;
    if let Some(entry) = name.entry_among(BACK_ENDS) {
        return Some(ImageClass::BackEnd(entry));
    }
    let whole = IMAGE_TABLE
        .iter()
        .find_map(|row| Some(ImageClass::Left(row.kind, name.entry_among(row.names)?)));
    let by_word = || {
        let has = |row: &ImageRow| Some(ImageClass::Left(row.kind, name.word_among(row.words)?));
        if name.word_among(CLIENT_WORDS).is_some() {
            None
        } else {
            IMAGE_TABLE.iter().find_map(has)
        }
    };
    whole.or_else(by_word)
}

/// What a service is if it is called exactly like something that is left alone, or is built as an
/// image of such a name.
pub fn classify_name(name: &str) -> Option<ImageKind> {
    let name = ImageNameEnd::parse(name)?;
    let lists =
        |row: &&ImageRow| [row.words, row.names, row.services].map(|list| name.entry_among(list));
    IMAGE_TABLE.iter().find(|row| lists(row).iter().any(Option::is_some)).map(|row| row.kind)
}
