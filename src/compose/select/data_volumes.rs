//! Recognizes databases and brokers by the path of their data volume, whatever their image's name.

use crate::compose::project::Service;
use crate::compose::select::image_table::ImageKind::{
    self, Broker, Cache, Database, ObjectStore, SecretStore,
};

/// Kind, data directory in the container, and the documentation of it.
#[rustfmt::skip]
const DATA_PATHS: &[(ImageKind, &str, &str)] = &[
    (Database, "/var/lib/postgresql/data", "https://hub.docker.com/_/postgres"),
    (Database, "/var/lib/postgresql", "https://hub.docker.com/_/postgres"), // from 18 on
    (Database, "/home/postgres/pgdata/data", "https://hub.docker.com/r/timescale/timescaledb-ha"),
    (Database, "/bitnami/postgresql", "https://hub.docker.com/r/bitnami/postgresql"),
    (Database, "/var/lib/mysql", "https://hub.docker.com/_/mysql"), // mariadb and percona too
    (Database, "/bitnami/mysql", "https://hub.docker.com/r/bitnami/mysql"),
    (Database, "/bitnami/mysql/data", "https://hub.docker.com/r/bitnami/mysql"),
    (Database, "/bitnami/mariadb", "https://hub.docker.com/r/bitnami/mariadb"),
    (Database, "/var/opt/mssql", "https://hub.docker.com/r/microsoft/mssql-server"),
    (Database, "/var/opt/mssql/data", "https://hub.docker.com/r/microsoft/mssql-server"),
    (Database, "/opt/oracle/oradata", "https://hub.docker.com/r/gvenzl/oracle-free"),
    (Database, "/firebird/data", "https://hub.docker.com/r/jacobalberty/firebird"),
    (Database, "/var/lib/firebird/data", "https://github.com/FirebirdSQL/firebird-docker"),
    (Database, "/cockroach/cockroach-data", "https://www.cockroachlabs.com/docs/stable/start-a-local-cluster-in-docker-linux"),
    (Database, "/data/db", "https://hub.docker.com/_/mongo"),
    (Database, "/bitnami/mongodb", "https://hub.docker.com/r/bitnami/mongodb"),
    (Database, "/opt/couchdb/data", "https://hub.docker.com/_/couchdb"),
    (Database, "/opt/couchbase/var", "https://hub.docker.com/_/couchbase"),
    (Database, "/var/lib/ravendb/data", "https://hub.docker.com/r/ravendb/ravendb"),
    (Database, "/var/lib/cassandra", "https://hub.docker.com/_/cassandra"),
    (Database, "/bitnami/cassandra", "https://hub.docker.com/r/bitnami/cassandra"),
    (Database, "/var/lib/scylla", "https://hub.docker.com/r/scylladb/scylla"),
    (Database, "/var/lib/arangodb3", "https://hub.docker.com/_/arangodb"),
    (Database, "/bitnami/neo4j", "https://hub.docker.com/r/bitnami/neo4j"),
    (Database, "/var/lib/clickhouse", "https://hub.docker.com/_/clickhouse"),
    (Database, "/bitnami/clickhouse", "https://hub.docker.com/r/bitnami/clickhouse"),
    (Database, "/var/lib/influxdb", "https://hub.docker.com/_/influxdb"),
    (Database, "/var/lib/influxdb2", "https://hub.docker.com/_/influxdb"),
    (Database, "/var/lib/influxdb3", "https://hub.docker.com/_/influxdb"),
    (Database, "/var/lib/questdb", "https://hub.docker.com/r/questdb/questdb"),
    (Database, "/var/lib/taos", "https://hub.docker.com/r/tdengine/tdengine"),
    (Database, "/usr/share/elasticsearch/data", "https://hub.docker.com/_/elasticsearch"),
    (Database, "/bitnami/elasticsearch/data", "https://hub.docker.com/r/bitnami/elasticsearch"),
    (Database, "/usr/share/opensearch/data", "https://hub.docker.com/r/opensearchproject/opensearch"),
    (Database, "/bitnami/opensearch/data", "https://hub.docker.com/r/bitnami/opensearch"),
    (Database, "/var/lib/wazuh-indexer", "https://github.com/wazuh/wazuh-docker"),
    (Database, "/var/solr", "https://hub.docker.com/_/solr"),
    (Database, "/meili_data", "https://hub.docker.com/r/getmeili/meilisearch"),
    (Database, "/var/lib/manticore", "https://hub.docker.com/r/manticoresearch/manticore"),
    (Database, "/qdrant/storage", "https://hub.docker.com/r/qdrant/qdrant"),
    (Database, "/var/lib/weaviate", "https://weaviate.io/developers/weaviate/installation/docker-compose"),
    (Database, "/var/lib/milvus", "https://milvus.io/docs/install_standalone-docker-compose.md"),
    (Database, "/chroma/chroma", "https://docs.trychroma.com/guides/deploy/docker"),
    (Database, "/var/lib/etcd", "https://etcd.io/docs/latest/op-guide/container/"),
    (Database, "/bitnami/etcd", "https://hub.docker.com/r/bitnami/etcd"),
    (Database, "/consul/data", "https://hub.docker.com/_/consul"),
    (Database, "/var/lib/zookeeper/data", "https://hub.docker.com/r/confluentinc/cp-zookeeper"),
    (Broker, "/var/lib/rabbitmq", "https://hub.docker.com/_/rabbitmq"),
    (Broker, "/bitnami/rabbitmq/mnesia", "https://hub.docker.com/r/bitnami/rabbitmq"),
    (Broker, "/var/lib/kafka/data", "https://hub.docker.com/r/confluentinc/cp-kafka"),
    (Broker, "/bitnami/kafka", "https://hub.docker.com/r/bitnami/kafka"),
    (Broker, "/var/lib/redpanda/data", "https://hub.docker.com/r/redpandadata/redpanda"),
    (Broker, "/pulsar/data", "https://hub.docker.com/r/apachepulsar/pulsar"),
    (Broker, "/mosquitto/data", "https://hub.docker.com/_/eclipse-mosquitto"),
    (Cache, "/bitnami/redis/data", "https://hub.docker.com/r/bitnami/redis"),
    (Cache, "/bitnami/valkey/data", "https://hub.docker.com/r/bitnami/valkey"),
    (ObjectStore, "/bitnami/minio/data", "https://hub.docker.com/r/bitnami/minio"),
    (SecretStore, "/vault/file", "https://hub.docker.com/_/vault"),
    (SecretStore, "/openbao/file", "https://hub.docker.com/r/openbao/openbao"),
];

/// Returns the data directory that a service mounts, and the kind that it reveals. A read-only volume belongs to
/// another service, for example in a backup job.
pub(crate) fn data_path(service: &Service) -> Option<(ImageKind, &'static str)> {
    let mut targets = service.mounts.iter().filter(|mount| !mount.read_only);
    targets.find_map(|mount| {
        let target = mount.target.trim_end_matches('/');
        let (kind, path, _) = DATA_PATHS.iter().find(|(_, path, _)| *path == target)?;
        Some((*kind, *path))
    })
}
