//! Recognizes databases and brokers by the path of their data volume, whatever their image's name.

use crate::compose::project::Service;

/// Data directory in the container, and the documentation of it.
const DATA_PATHS: &[(&str, &str)] = &[
    ("/var/lib/postgresql/data", "https://hub.docker.com/_/postgres"),
    ("/var/lib/postgresql", "https://hub.docker.com/_/postgres"), // from 18 on
    ("/home/postgres/pgdata/data", "https://hub.docker.com/r/timescale/timescaledb-ha"),
    ("/bitnami/postgresql", "https://hub.docker.com/r/bitnami/postgresql"),
    ("/var/lib/mysql", "https://hub.docker.com/_/mysql"), // mariadb and percona too
    ("/bitnami/mysql/data", "https://hub.docker.com/r/bitnami/mysql"),
    ("/bitnami/mariadb", "https://hub.docker.com/r/bitnami/mariadb"),
    ("/var/opt/mssql", "https://hub.docker.com/r/microsoft/mssql-server"),
    ("/opt/oracle/oradata", "https://hub.docker.com/r/gvenzl/oracle-free"),
    ("/data/db", "https://hub.docker.com/_/mongo"),
    ("/bitnami/mongodb", "https://hub.docker.com/r/bitnami/mongodb"),
    ("/opt/couchdb/data", "https://hub.docker.com/_/couchdb"),
    ("/opt/couchbase/var", "https://hub.docker.com/_/couchbase"),
    ("/var/lib/cassandra", "https://hub.docker.com/_/cassandra"),
    ("/var/lib/scylla", "https://hub.docker.com/r/scylladb/scylla"),
    ("/var/lib/arangodb3", "https://hub.docker.com/_/arangodb"),
    ("/var/lib/clickhouse", "https://hub.docker.com/_/clickhouse"),
    ("/var/lib/influxdb", "https://hub.docker.com/_/influxdb"),
    ("/var/lib/influxdb2", "https://hub.docker.com/_/influxdb"),
    ("/usr/share/elasticsearch/data", "https://hub.docker.com/_/elasticsearch"),
    ("/usr/share/opensearch/data", "https://hub.docker.com/r/opensearchproject/opensearch"),
    ("/qdrant/storage", "https://hub.docker.com/r/qdrant/qdrant"),
    ("/var/lib/rabbitmq", "https://hub.docker.com/_/rabbitmq"),
    ("/var/lib/kafka/data", "https://hub.docker.com/r/confluentinc/cp-kafka"),
];

/// Returns the database's data directory that a service mounts. A read-only volume belongs to another
/// service, for example in a backup job.
pub(crate) fn data_path(service: &Service) -> Option<&'static str> {
    let mut targets = service.mounts.iter().filter(|mount| !mount.read_only);
    targets.find_map(|mount| {
        let target = mount.target.trim_end_matches('/');
        DATA_PATHS.iter().find(|(path, _)| *path == target).map(|(path, _)| *path)
    })
}
