//! The table of images that get no CA by default.
//!
//! They answer requests and send none over TLS, so they need no trust, and recreating them costs connections,
//! caches or a manual unseal. Images that call other servers (dashboards, scrapers, model servers that download
//! models) are not listed. docs/images.md has the decision for each of several hundred images.

use std::fmt::{self, Display};

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
    /// Serves files over a protocol without TLS.
    FileServer,
    /// Reports numbers about its own machine.
    HostExporter,
    /// Serves a page that runs in the browser.
    StaticSite,
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
            Self::FileServer => "file server",
            Self::HostExporter => "host exporter",
            Self::StaticSite => "static site",
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
            "ngrok", "frpc", "frps",
            // In front of databases.
            "pgbouncer", "pgpool", "pgcat", "supavisor", "proxysql", "maxscale", "twemproxy",
        ],
        names: &[
            "nginx-proxy-manager", "apache", "apache2", "swag", "static-web-server", "tyk-gateway",
            "socket-proxy", "docker-socket-proxy", "reverse-proxy", "plane-proxy",
        ],
        services: &["proxy", "reverse-proxy", "reverseproxy", "loadbalancer", "load-balancer"],
    },
    ImageRow {
        kind: ImageKind::Database,
        words: &[
            "postgres", "postgresql", "postgis", "pgvector", "pgvecto", "pgautoupgrade", "vectorchord",
            "timescale", "timescaledb",
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
            "chroma", "chromadb", "serenedb",
            // Coordination.
            "etcd", "consul", "zookeeper",
        ],
        names: &[
            "mysql/community-server", "mssql/server", "azure-sql-edge", "oracle-free", "oracle-xe", "database/free",
            "database/express", "database/enterprise", "crate", "apache/age", "infiniflow/infinity",
            "nebula-graphd", "nebula-metad", "nebula-storaged", "wazuh-indexer", "harbor-db",
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
        words: &["jaeger", "zipkin", "graphite"],
        names: &[
            "victoria-metrics", "victoria-logs", "victoria-traces", "vmstorage", "vmselect", "vminsert",
            "jaegertracing/all-in-one", "datalust/seq",
        ],
        services: &[],
    },
    ImageRow {
        kind: ImageKind::FileServer,
        words: &["samba", "sftp", "nfs", "ftpd", "vsftpd", "pureftpd", "tftp", "netatalk"],
        names: &["pure-ftpd", "openssh-server"],
        services: &[],
    },
    ImageRow {
        kind: ImageKind::HostExporter,
        words: &["cadvisor"],
        names: &[
            "node-exporter", "process-exporter", "smartctl-exporter", "dcgm-exporter", "snmp-exporter",
            "nvidia_gpu_exporter", "systemd-exporter", "podman-exporter",
        ],
        services: &[],
    },
    ImageRow {
        kind: ImageKind::StaticSite,
        words: &["cyberchef", "excalidraw"],
        names: &["it-tools", "traefik/whoami", "b4bz/homer", "drawio", "omni-tools", "draw.io"],
        services: &[],
    },
];

/// Words that identify a client of a product (`redis-exporter`) or an application built on it, not the
/// product.
#[rustfmt::skip]
pub(crate) const CLIENT_WORDS: &[&str] = &[
    "adapter", "admin", "agent", "alertmanager", "api", "app", "auth", "backup", "backups", "bot",
    "box", "bridge", "browser", "cli", "client", "collector", "commander", "companion", "connect",
    "connector", "console", "consumer", "dashboard", "dashboards", "dump", "dumper", "editor",
    "explorer", "exporter", "express", "gui", "insight", "insights", "manager", "mc", "mcp",
    "migrate", "migration", "migrations", "migrator", "mirror", "monitor", "operator", "producer",
    "pushgateway", "rest", "restore", "sidecar", "studio", "sync", "template", "tool", "tools",
    "ui", "viewer", "webui", "workbench", "worker",
    "supertokens", "zabbix",
    "django", "flask", "fpm", "php", "python", "unit", "uwsgi",
];

/// Images of back ends that many projects use without changes. They are trusted whatever `--unknown` is.
#[rustfmt::skip]
pub(crate) const BACK_ENDS: &[&str] = &[
    "node", "bun", "deno", "python", "pypy", "ruby", "php", "golang", "rust", "elixir", "erlang",
    "perl", "openjdk", "eclipse-temurin", "amazoncorretto", "tomcat", "dotnet/aspnet",
    "dotnet/runtime", "dotnet/sdk",
    "n8n", "frankenphp", "grafana", "grafana-oss", "grafana-enterprise", "keycloak", "kibana", "logstash",
    "litellm", "oauth2-proxy", "open-webui", "postgres-meta",
    // Model servers download models.
    "ollama", "localai", "local-ai", "vllm-openai", "text-generation-inference", "text-embeddings-inference",
    "michaelf34/infinity", "marqo",
    // Scrapers and stores of metrics, logs and traces that call their targets, an object store or a receiver of alerts.
    "prometheus", "alertmanager", "blackbox-exporter", "thanos", "mimir", "loki", "tempo", "pyroscope",
    "vmagent", "vmalert", "telegraf", "promtail", "alloy", "vector", "fluent-bit", "fluentd",
    "opentelemetry-collector", "opentelemetry-collector-contrib", "uptime-kuma", "gatus",
    // Backups go to an object store; registries, updaters and tunnels call servers on the internet.
    "restic", "rclone", "docker-volume-backup", "minio/mc", "registry", "watchtower", "cloudflared",
];

/// Images with a Chromium: words of the last path element.
#[rustfmt::skip]
pub(crate) const BROWSER_WORDS: &[&str] = &[
    "chrome", "chromium", "browserless", "playwright", "puppeteer", "gotenberg", "flaresolverr",
    "sockpuppetbrowser",
];

/// Images with a Chromium: complete last path elements, or the last two.
#[rustfmt::skip]
pub(crate) const BROWSER_NAMES: &[&str] = &[
    "chromedp/headless-shell", "browserless/base", "steel-browser", "steel-browser-api",
    "playwright/python", "playwright/java", "playwright/dotnet",
];
