//! What the name of an image says: words for images that are left, and suffixes for clients of a product.

use trust_init::compose::select::image_class;

/// Returns the entry in the table of images, or `-`.
fn known(image: &str) -> String {
    match image_class::classify_image(image) {
        Some(image_class::ImageClass::Left(kind, entry)) => format!("{kind} ({entry})"),
        Some(image_class::ImageClass::BackEnd(entry)) => entry.to_owned(),
        Some(image_class::ImageClass::Browser(entry)) => format!("browser ({entry})"),
        None => "-".to_owned(),
    }
}

#[test]
fn the_end_of_an_image_name_counts() {
    for (image, is) in [
        ("postgres", "database (postgres)"),
        ("docker.io/library/Postgres:16-alpine", "database (postgres)"),
        ("localhost:5000/postgres", "database (postgres)"),
        ("localhost:5000/mirror/postgres:16@sha256:0123", "database (postgres)"),
        ("postgres@sha256:0123", "database (postgres)"),
        ("postgres.local/acme/shop", "-"),
        ("acme/shop:postgres", "-"),
        ("postgresql/shop", "-"),
        ("supabase/postgres:15.8", "database (postgres)"),
        ("bitnami/postgresql-repmgr", "database (postgresql)"),
        ("acme/alpine_redis7:1", "cache (redis)"),
        ("acme/redistribute", "-"),
        ("", "-"),
    ] {
        assert_eq!(known(image), is, "{image}");
    }
}

#[test]
fn images_that_are_left_are_recognized_by_a_word() {
    for (image, is) in [
        ("caddy:2-alpine", "proxy (caddy)"),
        ("traefik:v3", "proxy (traefik)"),
        ("nginxinc/nginx-unprivileged", "proxy (nginx)"),
        ("jc21/nginx-proxy-manager", "proxy (nginx-proxy-manager)"),
        ("envoyproxy/envoy:v1.31", "proxy (envoy)"),
        ("tecnativa/docker-socket-proxy", "proxy (docker-socket-proxy)"),
        ("edoburu/pgbouncer", "proxy (pgbouncer)"),
        ("makeplane/plane-proxy:stable", "proxy (plane-proxy)"),
        ("timescale/timescaledb-ha:pg17", "database (timescaledb)"),
        ("pgvector/pgvector:pg17", "database (pgvector)"),
        ("postgis/postgis", "database (postgis)"),
        ("mongodb/mongodb-community-server", "database (mongodb)"),
        ("percona/percona-server-mongodb", "database (percona)"),
        ("mcr.microsoft.com/mssql/server:2022-latest", "database (mssql/server)"),
        ("clickhouse/clickhouse-server", "database (clickhouse)"),
        ("docker.elastic.co/elasticsearch/elasticsearch:9.0.0", "database (elasticsearch)"),
        ("opensearchproject/opensearch:2", "database (opensearch)"),
        ("qdrant/qdrant", "database (qdrant)"),
        ("infiniflow/infinity:v0.6", "database (infiniflow/infinity)"),
        ("oceanbase/oceanbase-ce", "database (oceanbase)"),
        ("oceanbase/seekdb", "database (seekdb)"),
        ("quay.io/coreos/etcd", "database (etcd)"),
        ("rabbitmq:4-management", "broker (rabbitmq)"),
        ("confluentinc/cp-kafka", "broker (kafka)"),
        ("eclipse-mosquitto:2", "broker (mosquitto)"),
        ("nats:2-alpine", "broker (nats)"),
        ("valkey/valkey:8", "cache (valkey)"),
        ("redis/redis-stack-server", "cache (redis)"),
        ("docker.dragonflydb.io/dragonflydb/dragonfly", "cache (dragonfly)"),
        ("minio/minio", "object store (minio)"),
        ("dxflrs/garage:v1.1.0", "object store (garage)"),
        ("hashicorp/vault", "secret store (vault)"),
        ("prom/node-exporter", "host exporter (node-exporter)"),
        ("jaegertracing/all-in-one", "telemetry store (jaegertracing/all-in-one)"),
        ("pgautoupgrade/pgautoupgrade:17", "database (pgautoupgrade)"),
        ("wazuh/wazuh-indexer:4.12.0", "database (wazuh-indexer)"),
    ] {
        assert_eq!(known(image), is, "{image}");
    }
}

#[test]
fn a_client_of_a_product_is_not_the_product() {
    for image in [
        "phpmyadmin/phpmyadmin",
        "dpage/pgadmin4",
        "mongo-express",
        "rediscommander/redis-commander",
        "redis/redisinsight",
        "prometheuscommunity/postgres-exporter",
        "nginx/nginx-prometheus-exporter",
        "provectuslabs/kafka-ui",
        "confluentinc/cp-kafka-connect",
        "redpandadata/console",
        "natsio/nats-box",
        "prodrigestivill/postgres-backup-local",
        "opensearchproject/opensearch-dashboards",
        "postgrest/postgrest",
        "hasura/graphql-engine",
        "richarvey/nginx-php-fpm",
        "tiangolo/uwsgi-nginx-flask",
        "mcp/postgres-mcp",
        "thomseddon/traefik-forward-auth",
        "nginxproxy/acme-companion",
        "vaultwarden/server",
        "ghcr.io/berriai/llm-proxy",
    ] {
        assert_eq!(known(image), "-", "{image}");
    }
    // These are in the table themselves.
    assert_eq!(known("supabase/postgres-meta"), "postgres-meta");
    assert_eq!(known("quay.io/oauth2-proxy/oauth2-proxy"), "oauth2-proxy");
    assert_eq!(known("ghcr.io/berriai/litellm:main"), "litellm");
    assert_eq!(known("grafana/grafana"), "grafana");
    assert_eq!(known("minio/mc"), "minio/mc");
}

#[test]
fn an_image_name_is_found_among_variables() {
    for (image, is) in [
        ("${REGISTRY}/postgres:${TAG}", "database (postgres)"),
        ("${REGISTRY:-docker.io/acme}/postgres:${TAG:-16}", "database (postgres)"),
        ("${PREFIX}postgres", "database (postgres)"),
        ("postgres${SUFFIX}", "database (postgres)"),
        ("$REGISTRY/postgres", "database (postgres)"),
        ("${DB:-postgres:16}", "database (postgres)"),
        ("${DB-postgres:16}", "database (postgres)"),
        ("${DB:-${OTHER:-postgres}:16}", "database (postgres)"),
        ("${DB:?set it to postgres}", "-"),
        ("${DB:+postgres}", "-"),
        ("${DB", "-"),
        ("$", "-"),
        ("${APP:-acme/x}/${NAME}", "-"),
    ] {
        assert_eq!(known(image), is, "{image}");
    }
    let deep = "${A:-".repeat(100_000) + &"}".repeat(100_000);
    assert_eq!(known(&deep), "-");
}
