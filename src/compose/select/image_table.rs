//! The table of images that get no CA by default.
//!
//! They answer requests and send none, so they need no trust, and recreating them costs connections, caches
//! or a manual unseal. Images that call other servers (dashboards, collectors) are not listed. In doubt an
//! image is listed: `--service NAME=trust` overrides the table.

use std::fmt::{self, Display};

use crate::compose::project::image_name::ImageName;
use crate::compose::project::interpolate::{MARK, interpolate_or_mark};

/// The kind of an image that gets no CA by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// Forwards requests or serves files; includes proxies for databases.
    Proxy,
    /// Stores the application's data: tables, documents, graphs, vectors, search indexes.
    Database,
    /// Forwards messages.
    Broker,
    /// Stores data that can be computed again.
    Cache,
    /// Stores files.
    ObjectStore,
    /// Stores secrets, and is sealed after a restart.
    SecretStore,
    /// Stores metrics, logs or traces.
    TelemetryStore,
    /// Serves a model, and makes no requests.
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
    /// The kind.
    pub kind: ImageKind,
    /// Words that identify the kind anywhere in the last path element of an image's name.
    pub words: &'static [&'static str],
    /// Complete last path elements, or the last two, that identify the kind.
    pub names: &'static [&'static str],
    /// Usual names of such services, for those with an unknown image.
    pub services: &'static [&'static str],
}

/// All images that get no CA by default.
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

/// Words that identify a client of a product (`redis-exporter`) or an application built on it, not the
/// product.
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

/// Images of back ends that many projects use without changes. They are trusted whatever `--unknown` is.
#[rustfmt::skip]
const BACK_ENDS: &[&str] = &[
    "node", "bun", "deno", "python", "pypy", "ruby", "php", "golang", "rust", "elixir", "erlang",
    "perl", "openjdk", "eclipse-temurin", "amazoncorretto", "tomcat", "dotnet/aspnet",
    "dotnet/runtime", "dotnet/sdk",
    "n8n", "grafana", "grafana-oss", "grafana-enterprise", "keycloak", "kibana", "logstash",
    "litellm", "oauth2-proxy", "open-webui", "postgres-meta",
];

/// The result of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageClass {
    /// The image gets no CA by default: its kind, and the matching entry.
    Left(ImageKind, &'static str),
    /// The image is a back end: the matching entry.
    BackEnd(&'static str),
}

/// The last elements of an image's name.
struct ImageNameEnd {
    /// The last element, without tag and digest.
    last: String,
    /// The last two elements, without tag and digest.
    longer: String,
}

impl ImageNameEnd {
    /// Parses an image's name from a file; `None` if a variable decides it.
    fn parse(image: &str) -> Option<Self> {
        let image = interpolate_or_mark(image, &|_| None).to_lowercase();
        let path = ImageName::parse(&image).path;
        let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
        // At either end, a variable may add a registry or a tag.
        let last = last.trim_matches(MARK).to_owned();
        let above = above.rsplit('/').next()?;
        let longer = format!("{above}/{last}");
        (!last.is_empty()).then_some(Self { last, longer })
    }

    /// Returns the entry that equals the last element, or the last two.
    fn entry_among(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().find(|name| **name == self.last || **name == self.longer).copied()
    }

    /// Returns the entry that equals a word of the last element, with or without a version number at the
    /// word's end.
    fn word_among(&self, entries: &[&'static str]) -> Option<&'static str> {
        let mut words = self.last.split(['-', '_', '.', MARK]);
        words.find_map(|word| {
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            entries.iter().find(|entry| **entry == word || **entry == bare).copied()
        })
    }
}

/// Whether an image's name can be looked up: no variable decides it.
pub fn is_named(image: &str) -> bool {
    ImageNameEnd::parse(image).is_some()
}

/// Looks up an image by its name.
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

/// Looks up the name of a service, or of the image that is built for it: it must equal an entry.
pub fn classify_name(name: &str) -> Option<ImageKind> {
    let name = ImageNameEnd::parse(name)?;
    let lists =
        |row: &&ImageRow| [row.words, row.names, row.services].map(|list| name.entry_among(list));
    IMAGE_TABLE.iter().find(|row| lists(row).iter().any(Option::is_some)).map(|row| row.kind)
}
