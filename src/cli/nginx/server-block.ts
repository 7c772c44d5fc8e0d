import { formatListen, type ListenAddress } from "../../config/values.ts";
import { JamError } from "../../shared/errors.ts";

/** What the configuration is about. */
export interface NginxPlan {
  /** Absolute path of the data directory. */
  readonly data: string;
  /** Where nginx listens. */
  readonly listen: ListenAddress;
  /** Where `jam serve` listens. */
  readonly jam: ListenAddress;
}

const NOT_FOUND = String.raw`{"code":"JAM_NOT_FOUND","message":"Not found.","details":{}}\n`;
const NOT_ALLOWED = String.raw`{"code":"JAM_METHOD_NOT_ALLOWED","message":"Only GET and HEAD are answered.","details":{}}\n`;

/**
 * Configuration for the `http` block of nginx: it serves the published trees, of channels too, itself and passes everything else to
 * `jam serve`, with the rules that `jam serve` keeps.
 * @throws JamError JAM_USAGE_INVALID for a data directory that nginx cannot name
 */
export function formatNginxConfig({ data, listen, jam }: NginxPlan): string {
  return `# Written by jam nginx-config. Include it in the http block of nginx, for example as /etc/nginx/conf.d/jam.conf.

# Juju 4 compares the type of a tarball as text; its betas accept nothing but application/gzip.
map $http_accept $jam_wants_gzip {
    default                 "";
    ~*application/x-gzip    "";
    ~*application/gzip      yes;
}

# The API, the pages, /healthz, /readyz, /metrics and the signed documents of upstream.
upstream jam {
    server ${formatListen(reachable(jam))};
    keepalive 16;
}

server {
    listen ${formatListen(listen)};
    server_name _;
    server_tokens off;

    root ${quote(data)};
    # tools -> refs/mirror/tools -> ../published/SNAPSHOT: one link moves when a snapshot is published or promoted. Nothing may
    # remember where it led.
    disable_symlinks off;
    open_file_cache off;
    autoindex off;

    sendfile on;
    tcp_nopush on;
    # Others get their turn after so many bytes of a large download.
    sendfile_max_chunk 512k;
    # One range, or the whole file.
    max_ranges 1;
    merge_slashes off;
    # More than the largest question that jam accepts.
    client_max_body_size 16m;

${REFUSALS}

${FILES}

${REST}
}
`;
}

/** Answers with the bodies of `jam serve`. */
const REFUSALS = `    # What is missing is 404 with a small body, never 403.
    error_page 403 404 = @missing;
    location @missing {
        internal;
        default_type application/json;
        add_header Cache-Control no-store always;
        add_header X-Content-Type-Options nosniff always;
        return 404 '${NOT_FOUND}';
    }

    error_page 405 = @refused;
    location @refused {
        internal;
        default_type application/json;
        add_header Allow "GET, HEAD" always;
        return 405 '${NOT_ALLOWED}';
    }`;

/** Everything that is not in the published tree. */
const REST = `    location / { try_files /.jam-has-no-such-file @jam; }
    location @jam {
        proxy_pass http://jam;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_read_timeout 60s;
        # Large answers go out as they come.
        proxy_buffering off;
    }`;

const ONLY_READING = "if ($request_method !~ ^(?:GET|HEAD)$) { return 405; }";

/** A folder is missing, and nothing leads to it. */
const ONLY_FILES = "try_files $uri =404;";

/** In a channel, the same: `channels/NAME/tools` of the data directory. */
const ONLY_CHANNEL_FILES = "try_files /channels/$jam_channel$jam_file =404;";

const document = (files: string) => `${ONLY_READING}
        ${files}
        types { }
        default_type application/json;
        gzip on;
        gzip_min_length 500;
        gzip_types application/json;
        gzip_proxied any;
        gzip_vary on;`;

const tarball = (type: string) => `${ONLY_READING}
        types { }
        default_type ${type};
        gzip off;
        add_header Cache-Control "public, no-cache, no-transform";
        add_header Vary Accept;
        add_header X-Content-Type-Options nosniff;`;

/** Addresses of channels. A channel that is made later needs no other configuration. */
const CHANNEL = String.raw`(?<jam_channel>[A-Za-z0-9][A-Za-z0-9._-]*)`;

const CHANNELS = `    # Channels: /channel/NAME/tools is channels/NAME/tools, which exists as soon as something is promoted.
    location ~ ^/channel/${CHANNEL}(?<jam_file>/tools/streams/v1/[^/]+/[^/]+)$ {
        ${document(ONLY_CHANNEL_FILES)}
        add_header Cache-Control "public, max-age=86400, immutable";
        add_header X-Content-Type-Options nosniff;
    }
    location ~ ^/channel/${CHANNEL}(?<jam_file>/tools/streams/.+)$ {
        ${document(ONLY_CHANNEL_FILES)}
        add_header Cache-Control "public, no-cache";
        add_header X-Content-Type-Options nosniff;
    }
    location ~ ^/channel/${CHANNEL}(?<jam_file>/tools/.+)$ {
        if ($jam_wants_gzip) { rewrite ^ /as-application-gzip/channels/$jam_channel$jam_file last; }
        ${ONLY_CHANNEL_FILES}
        ${tarball("application/x-gzip")}
    }
    location /channel/ {
        ${ONLY_READING}
        return 404;
    }`;

/** The published tree. */
const FILES = `    location = /tools { return 404; }
    location ~ // { return 404; }

    # Signed documents would advertise what is not mirrored, and mirrors files lead to public clouds.
    location ~ ^(?:/channel/[^/]+)?/tools/(?:.*/)?(?:(?:cpc-)?mirrors\\.[^/]*|[^/]*\\.(?:sjson|gpg))$ { return 404; }

    # Under the name of a snapshot a document never changes.
    location ~ ^/tools/streams/v1/[^/]+/[^/]+$ {
        ${document(ONLY_FILES)}
        add_header Cache-Control "public, max-age=86400, immutable";
        add_header X-Content-Type-Options nosniff;
    }

    location /tools/streams/ {
        ${document(ONLY_FILES)}
        add_header Cache-Control "public, no-cache";
        add_header X-Content-Type-Options nosniff;
    }

    # Tarballs: never compressed, never redirected.
    location /tools/ {
        if ($jam_wants_gzip) { rewrite ^ /as-application-gzip$uri last; }
        ${ONLY_FILES}
        ${tarball("application/x-gzip")}
    }
    location /as-application-gzip/ {
        internal;
        rewrite ^/as-application-gzip(.*)$ $1 break;
        ${ONLY_FILES}
        ${tarball("application/gzip")}
    }
${CHANNELS}

    # The same files, where the face with the signatures of upstream has them too.
    location ~ ^/upstream(?<jam_tarball>/tools/.+\\.tgz)$ {
        error_page 405 = @refused;
        error_page 418 = @jam;
        if ($jam_wants_gzip) { return 418; }
        ${tarball("application/x-gzip")}
        try_files $jam_tarball @jam;
    }`;

/** A server that listens on every address is asked on this machine. */
function reachable({ host, port }: ListenAddress): ListenAddress {
  if (port === 0) {
    throw new JamError("JAM_USAGE_INVALID", "nginx needs a fixed port of jam; server.listen has port 0.", {
      hint: "Set server.listen in jam.yaml, for example to 127.0.0.1:8080.",
    });
  }
  if (host === "0.0.0.0") return { host: "127.0.0.1", port };
  return host === "::" ? { host: "::1", port } : { host, port };
}

function quote(path: string): string {
  // A dollar begins a variable wherever it stands, and cannot be escaped.
  if (/[\p{Cc}$]/u.test(path)) {
    throw new JamError("JAM_USAGE_INVALID", `nginx cannot name the data directory ${path}.`, {
      hint: "Move it to a path without dollar signs and control characters.",
      details: { data: path },
    });
  }
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
