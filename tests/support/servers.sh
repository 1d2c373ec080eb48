# Real servers for tests, on loopback and free ports, without containers and without systemd. Source it in bash:
#   . tests/support/servers.sh; certs; up_kafka; kafka_topic alerts; kcat -b 127.0.0.1:$KAFKA_PLAIN -L; down kafka; down_all
# Packages: kcat influxdb victoria-metrics nginx openjdk-17-jdk-headless maven python3 curl openssl (scripts/setup). Kafka and OpenSearch are
# jars from Maven Central, fetched once into $TOCSIN_TEST_CACHE. A function that returns non-zero means: this server cannot be had here.
# Everything a run writes is below $W.
W=${W:-/tmp/tocsin-servers.$$}
T=$W/tls
TOCSIN_TEST_CACHE=${TOCSIN_TEST_CACHE:-${HOME:-/root}/.cache/tocsin-tests}
JVM="-Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"
mkdir -p "$W" "$T"

freeports() { # COUNT
  python3 -c 'import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])' "$1"
}
wait_for() { # SECONDS COMMAND... ; gives up early when the server $starting has ended
  local left=$(($1 * 20)); shift
  until "$@" > /dev/null 2>&1; do
    left=$((left - 1)); [ $left -gt 0 ] || return 1
    if [ -n "${starting:-}" ] && ! kill -0 "$starting" 2> /dev/null; then return 1; fi
    sleep 0.05
  done
}
tcp() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
start() { # NAME COMMAND...
  local name=$1; shift
  "$@" > "$W/$name.log" 2>&1 < /dev/null &
  starting=$!
  echo $starting > "$W/$name.pid"
}
down() { # NAME [SIGNAL]
  local pid; pid=$(cat "$W/$1.pid" 2> /dev/null) || return 0
  rm -f "$W/$1.pid"
  kill -"${2:-TERM}" "$pid" 2> /dev/null
  local left=300
  while kill -0 "$pid" 2> /dev/null; do
    left=$((left - 1)); [ $left -gt 0 ] || kill -KILL "$pid"
    sleep 0.05
  done
}
down_all() {
  local file name
  for file in "$W"/*.pid; do
    [ -e "$file" ] || continue
    name=${file##*/}
    down "${name%.pid}"
  done
}
fresh() { rm -rf "${W:?}/$1"; mkdir -p "$W/$1"; } # an empty folder for server NAME

# A CA, with server, client (CN alice) and expired; another CA. PKCS#8 keys, which Kafka insists on; X.bundle.pem = key and certificate.
certs() {
  [ -e "$T/done" ] && return 0
  authority() { # NAME CN
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" -keyout "$T/$1.key" -out "$T/$1.pem" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2> /dev/null
  }
  leaf() { # NAME CA CN DAYS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$T/$1.key" -out "$T/$1.csr" 2> /dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n' > "$T/$1.ext"
    openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.pem" -CAkey "$T/$2.key" -CAcreateserial -days "$4" -extfile "$T/$1.ext" -out "$T/$1.pem" 2> /dev/null
    cat "$T/$1.key" "$T/$1.pem" > "$T/$1.bundle.pem"
    rm "$T/$1.csr" "$T/$1.ext"
  }
  authority ca test-ca && authority otherca other-ca && leaf server ca localhost 30 && leaf client ca alice 30 && leaf expired ca localhost -1 &&
    chmod 644 "$T"/* && touch "$T/done"
}

# ---- jars -----------------------------------------------------------------------------------------------------------------------
pom() { # group:artifact:version... ; with :only its dependencies are left out
  local coordinate group artifact version only
  printf '<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version><packaging>pom</packaging><dependencies>\n'
  for coordinate; do
    IFS=: read -r group artifact version only <<< "$coordinate"
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>' "$group" "$artifact" "$version"
    [ -z "$only" ] || printf '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
    printf '</dependency>\n'
  done
  printf '</dependencies></project>\n'
}
# jars FOLDER [MAKE] COORDINATES... : fills $TOCSIN_TEST_CACHE/FOLDER once. MAKE, a function, finishes it. A half-filled folder never gets its name.
jars() {
  local folder=$TOCSIN_TEST_CACHE/$1 make=$2; shift 2
  [ -d "$folder" ] && return 0
  command -v java > /dev/null && command -v mvn > /dev/null || { echo "java and maven are not installed" >&2; return 1; }
  mkdir -p "$TOCSIN_TEST_CACHE"
  local lock=$TOCSIN_TEST_CACHE/lock half=$folder.half
  ( flock 9
    [ -d "$folder" ] && exit 0
    rm -rf "$half"; mkdir -p "$half" && cd "$half" && pom "$@" > pom.xml &&
      mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib -DincludeScope=runtime >&2 && $make && mv "$half" "$folder"
  ) 9> "$lock"
}

# ---- Kafka: six listeners, users alice/alice-secret and bob/bob-secret ---------------------------------------------------------
KAFKA_JARS=kafka-3.9.2
kafka_tool() { java $JVM -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$TOCSIN_TEST_CACHE/$KAFKA_JARS/lib/*" "$@"; }
up_kafka() {
  jars $KAFKA_JARS : org.apache.kafka:kafka_2.13:3.9.2 org.apache.kafka:kafka-tools:3.9.2:only org.slf4j:slf4j-simple:1.7.36 || return 1
  certs && fresh kafka || return 1
  local plain=org.apache.kafka.common.security.plain.PlainLoginModule scram=org.apache.kafka.common.security.scram.ScramLoginModule control
  read -r KAFKA_PLAIN KAFKA_SASL KAFKA_TLS KAFKA_MTLS KAFKA_SASLTLS KAFKA_OAUTH control < <(freeports 7)
  cat > "$W/kafka/k.properties" << END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$control
controller.listener.names=CONTROLLER
listeners=PLAIN://127.0.0.1:$KAFKA_PLAIN,SASL://127.0.0.1:$KAFKA_SASL,TLS://127.0.0.1:$KAFKA_TLS,MTLS://127.0.0.1:$KAFKA_MTLS,SASLTLS://127.0.0.1:$KAFKA_SASLTLS,OAUTH://127.0.0.1:$KAFKA_OAUTH,CONTROLLER://127.0.0.1:$control
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,MTLS:SSL,SASLTLS:SASL_SSL,OAUTH:SASL_PLAINTEXT
inter.broker.listener.name=PLAIN
log.dirs=$W/kafka/data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.segment.bytes=16777216
log.index.size.max.bytes=1048576
log.retention.bytes=134217728
log.cleaner.dedupe.buffer.size=2097152
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.sasl.plain.sasl.jaas.config=$plain required user_alice="alice-secret" user_bob="bob-secret";
listener.name.sasl.scram-sha-256.sasl.jaas.config=$scram required;
listener.name.sasltls.plain.sasl.jaas.config=$plain required user_alice="alice-secret";
listener.name.sasltls.scram-sha-256.sasl.jaas.config=$scram required;
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=$T/server.bundle.pem
ssl.truststore.type=PEM
ssl.truststore.location=$T/ca.pem
listener.name.mtls.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*?)\$/\$1/,DEFAULT
END
  kafka_tool kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$W/kafka/k.properties" --add-scram 'SCRAM-SHA-256=[name=alice,password=alice-secret]' > "$W/kafka/format.log" && kafka_again
}
kafka_again() { # after `down kafka [KILL]`: same ports, same data
  start kafka java $JVM -cp "$TOCSIN_TEST_CACHE/$KAFKA_JARS/lib/*" kafka.Kafka "$W/kafka/k.properties"
  wait_for 60 grep -q 'Kafka Server started' "$W/kafka.log"
}
kafka_topic() { # NAME [--partitions N] [--config k=v]
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$KAFKA_PLAIN" --create --topic "$@"
}
kafka_deny() { # USER TOPIC : may not write there (nor may anybody else who is not listed: Kafka's way)
  kafka_tool kafka.admin.AclCommand --bootstrap-server "127.0.0.1:$KAFKA_PLAIN" --add --deny-principal "User:$1" --operation Write --topic "$2"
}

# ---- OpenSearch (plain, or with its security plugin), Elasticsearch ---------------------------------------------------------------
compile_node() { # opensearch|elasticsearch : upstream's main refuses root and wants folders; a Node made in our own main wants neither
  sed "s/@PKG@/$1/g" > Os.java << 'END'
import java.util.*;
import org.@PKG@.common.settings.Settings;
import org.@PKG@.env.Environment;
import org.@PKG@.node.*;
import org.@PKG@.plugins.Plugin;
/** One node in the foreground; arguments are settings, key=value; +class loads a further plugin. */
public class Os extends Node {
  Os(Environment e, Collection<Class<? extends Plugin>> plugins) { super(e, plugins, false); }
  public static void main(String[] args) throws Exception {
    Settings.Builder s = Settings.builder();
    List<Class<? extends Plugin>> plugins = new ArrayList<>(List.of(org.@PKG@.transport.Netty4Plugin.class));
    for (String a : args) {
      int i = a.indexOf('=');
      if (a.charAt(0) == '+') plugins.add(Class.forName(a.substring(1)).asSubclass(Plugin.class));
      else s.put(a.substring(0, i), a.substring(i + 1));
    }
    Node n = new Os(InternalSettingsPreparer.prepareEnvironment(s.build(), Map.of(), null, () -> "n1"), plugins);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { try { n.close(); } catch (Exception e) { e.printStackTrace(); } }));
    n.start();
    Thread.currentThread().join();
  }
}
END
  printf '%s\n' 'status = error' 'appender.c.type = Console' 'appender.c.name = c' 'appender.c.layout.type = PatternLayout' \
    'appender.c.layout.pattern = [%d][%p][%c{1.}] %m%n' 'rootLogger.level = info' 'rootLogger.appenderRef.c.ref = c' > log4j2.properties
  javac -nowarn -cp 'lib/*' -d classes Os.java
}
node() { # NAME JARS URL-SCHEME SETTING... : sets node_url; its arguments are kept for node_again. NODE_PROBE: the path that says "ready"
  local name=$1 home=$TOCSIN_TEST_CACHE/$2 scheme=$3 http transport; shift 3
  read -r http transport < <(freeports 2)
  node_url=$scheme://127.0.0.1:$http
  printf '%s\n' -Xms256m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Dlog4j2.configurationFile="$home/log4j2.properties" \
    -cp "$home/classes:$home/lib/*:$home/sec/*" Os path.home="$W/$name" cluster.name=t node.name=n1 network.host=127.0.0.1 http.port="$http" \
    transport.port="$transport" discovery.type=single-node node.processors=2 cluster.routing.allocation.disk.threshold_enabled=false "$@" > "$W/$name.args"
  case $scheme in
    https) printf '%s\n' --cacert "$T/ca.pem" -u writer:writer-secret "$node_url/" ;;
    *) printf '%s\n' "$node_url${NODE_PROBE:-/_cluster/health?wait_for_status=yellow&timeout=1s}" ;;
  esac > "$W/$name.probe"
  node_again "$name"
}
node_again() { # NAME : also after `down NAME [KILL]`: same port, same data
  local arguments probe
  mapfile -t arguments < "$W/$1.args"; mapfile -t probe < "$W/$1.probe"
  rm -f "$W/$1"/data/nodes/*/node.lock
  start "$1" java "${arguments[@]}"
  wait_for 90 curl -sf "${probe[@]}"
}
up_os() { # [SETTING=VALUE...]
  jars opensearch-2.19.6 'compile_node opensearch' org.opensearch:opensearch:2.19.6 org.opensearch.plugin:transport-netty4-client:2.19.6 org.apache.logging.log4j:log4j-core:2.25.4 || return 1
  fresh os; node os opensearch-2.19.6 http "$@" && OS_URL=$node_url
}
up_es() { # [SETTING=VALUE...]
  jars elasticsearch-7.17.29 'compile_node elasticsearch' org.elasticsearch:elasticsearch:7.17.29 org.elasticsearch.plugin:transport-netty4-client:7.17.29 org.apache.logging.log4j:log4j-core:2.17.1 || return 1
  fresh es; node es elasticsearch-7.17.29 http "$@" && ES_URL=$node_url
}
compile_secure_node() {
  compile_node opensearch && mvn -q -B dependency:copy -Dartifact=org.opensearch.plugin:opensearch-security:2.19.4.0:zip -DoutputDirectory=. >&2 &&
    python3 -m zipfile -e opensearch-security-2.19.4.0.zip sec && rm opensearch-security-2.19.4.0.zip
}
up_ossec() { # HTTPS; users writer (may write falco*), nobody (no role), admin, the password of each: writer-secret
  jars opensearch-security-2.19.4 compile_secure_node org.opensearch:opensearch:2.19.4 org.opensearch.plugin:transport-netty4-client:2.19.4 org.apache.logging.log4j:log4j-core:2.21.0 || return 1
  certs && fresh ossec || return 1
  local config=$W/ossec/config s=plugins.security hash='$2b$04$abcdefghijklmnopqrstuuaCPrO3tnz5J8p4fakTh/nrgcbST8XOy' # crypt("writer-secret")
  mkdir -p "$config/opensearch-security"
  cp "$TOCSIN_TEST_CACHE"/opensearch-security-2.19.4/sec/config/*.yml "$config/opensearch-security"; cp "$T"/{ca.pem,server.pem,server.key} "$config"
  printf '%s\n' '_meta: {type: internalusers, config_version: 2}' "admin: {hash: \"$hash\", backend_roles: [admin]}" "writer: {hash: \"$hash\"}" "nobody: {hash: \"$hash\"}" > "$config/opensearch-security/internal_users.yml"
  printf '%s\n' '_meta: {type: roles, config_version: 2}' 'falco_writer: {cluster_permissions: [cluster_composite_ops, cluster_monitor], index_permissions: [{index_patterns: ["falco*"], allowed_actions: [crud, create_index]}]}' > "$config/opensearch-security/roles.yml"
  printf '%s\n' '_meta: {type: rolesmapping, config_version: 2}' 'all_access: {backend_roles: [admin]}' 'falco_writer: {users: [writer]}' > "$config/opensearch-security/roles_mapping.yml"
  node ossec opensearch-security-2.19.4 https +org.opensearch.security.OpenSearchSecurityPlugin $s.ssl.transport.pemcert_filepath=server.pem \
    $s.ssl.transport.pemkey_filepath=server.key $s.ssl.transport.pemtrustedcas_filepath=ca.pem $s.ssl.transport.enforce_hostname_verification=false \
    $s.ssl.http.enabled=true $s.ssl.http.pemcert_filepath=server.pem $s.ssl.http.pemkey_filepath=server.key $s.ssl.http.pemtrustedcas_filepath=ca.pem \
    $s.ssl.http.clientauth_mode=OPTIONAL $s.allow_default_init_securityindex=true "$@" && OSSEC_URL=$node_url
}

# ---- InfluxDB 1 (users admin/admin-secret, w/w-secret when AUTH is true), VictoriaMetrics (the v2 write interface) ----------------
up_influx() { # [AUTH true|false] [extra lines for [http]] [extra lines for [data]]
  command -v influxd > /dev/null || { echo "influxdb is not installed" >&2; return 1; }
  fresh influx
  local http rpc auth=${1:-false} query
  read -r http rpc < <(freeports 2)
  INFLUX_URL=http://127.0.0.1:$http
  printf '%s\n' 'reporting-disabled = true' "bind-address = \"127.0.0.1:$rpc\"" '[meta]' "dir = \"$W/influx/meta\"" '[data]' "dir = \"$W/influx/data\"" \
    "wal-dir = \"$W/influx/wal\"" "${3:-}" '[monitor]' 'store-enabled = false' '[http]' "bind-address = \"127.0.0.1:$http\"" "auth-enabled = $auth" 'log-enabled = false' "${2:-}" > "$W/influx/c.conf"
  influx_again || return 1
  influx_query "CREATE USER admin WITH PASSWORD 'admin-secret' WITH ALL PRIVILEGES" && influx_query "CREATE USER w WITH PASSWORD 'w-secret'" &&
    influx_query 'CREATE DATABASE falco' && influx_query 'GRANT WRITE ON falco TO w'
}
influx_again() { # after `down influx [KILL]`: same port, same data
  start influx influxd run -config "$W/influx/c.conf"
  wait_for 30 curl -sf "$INFLUX_URL/ping"
}
influx_query() { curl -sf -u admin:admin-secret "$INFLUX_URL/query" --data-urlencode "q=$1" > /dev/null; }
up_vm() { # [EXTRA ARGUMENTS]
  command -v victoria-metrics > /dev/null || { echo "victoria-metrics is not installed" >&2; return 1; }
  fresh vm
  local http
  read -r http < <(freeports 1)
  VM_URL=http://127.0.0.1:$http
  printf '%s\n' -httpListenAddr="127.0.0.1:$http" -storageDataPath="$W/vm" -retentionPeriod=100y -memory.allowedBytes=64MB -loggerLevel=WARN "$@" > "$W/vm.args"
  vm_again
}
vm_again() { # after `down vm [KILL]`: same port, same data
  local arguments
  mapfile -t arguments < "$W/vm.args"
  start vm victoria-metrics "${arguments[@]}"
  wait_for 30 curl -sf "$VM_URL/health"
}

# ---- nginx before any HTTP server: TLS, basic, key, limits; `touch $W/nginx/503` (or 429, reset) changes every answer, rm undoes it --
up_nginx() { # BACKEND host:port
  command -v nginx > /dev/null || { echo "nginx is not installed" >&2; return 1; }
  certs && fresh nginx && mkdir "$W/nginx/tmp" || return 1
  read -r NGINX_HTTP NGINX_TLS NGINX_MTLS < <(freeports 3)
  printf 'w:%s\n' "$(openssl passwd -apr1 w-secret)" > "$W/nginx/htpasswd"
  cat > "$W/nginx/n.conf" << END
daemon off; worker_processes 1; pid $W/nginx/nginx.run; error_log stderr warn; $([ "$(id -u)" != 0 ] || echo 'user root;')
events { worker_connections 256; }
http {
  client_body_temp_path tmp/b; proxy_temp_path tmp/p; fastcgi_temp_path tmp/f; uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;
  client_max_body_size 8m; access_log off;
  map \$http_authorization \$key_ok { default 0; "ApiKey dGVzdDprZXk=" 1; "Token sekrit" 1; "Bearer sekrit" 1; }
  ssl_certificate $T/server.pem; ssl_certificate_key $T/server.key;
  server {
    listen 127.0.0.1:$NGINX_HTTP; listen 127.0.0.1:$NGINX_TLS ssl;
    if (-f $W/nginx/429) { return 429; }
    if (-f $W/nginx/503) { return 503; }
    if (-f $W/nginx/reset) { return 444; }
    error_page 429 @r; location @r { add_header Retry-After 1 always; return 429; }
    location / { proxy_pass http://$1; }
    location /basic/ { auth_basic t; auth_basic_user_file htpasswd; proxy_set_header Authorization ""; proxy_pass http://$1/; }
    location /key/ { if (\$key_ok = 0) { return 401; } proxy_set_header Authorization ""; proxy_pass http://$1/; }
    location /small/ { client_max_body_size 16k; proxy_pass http://$1/; }
    location /moved/ { return 307 /; }
    location /page/ { return 200 '<html>log in</html>'; }
  }
  server { listen 127.0.0.1:$NGINX_MTLS ssl; ssl_client_certificate $T/ca.pem; ssl_verify_client on; location / { proxy_pass http://$1; } }
}
END
  start nginx nginx -p "$W/nginx/" -c n.conf
  wait_for 10 tcp "$NGINX_HTTP"
}
