"""The configuration files of MariaDB, PHP-FPM, nginx and WordPress."""

from __future__ import annotations

import base64
import hashlib
import os
from urllib.parse import urlsplit

from tests.wordpress.options import ServerOptions, SiteOptions
from tests.wordpress.state import State


def write_configuration(state: State, site: SiteOptions, server: ServerOptions) -> None:
    """Write the servers' files into the state directory."""
    user = "root" if os.geteuid() == 0 else None
    (state.conf / "mariadb.cnf").write_text(mariadb_config(state, user))
    (state.conf / "php-fpm.conf").write_text(php_fpm_config(state, server, user))
    (state.conf / "nginx.conf").write_text(nginx_config(state, site, server, user))
    if server.basic_auth:
        (state.conf / "htpasswd").write_text(htpasswd(server.basic_auth))


def mariadb_config(state: State, user: str | None) -> str:
    return f"""\
[mariadbd]
{f"user = {user}" if user else ""}
datadir = {state.mysql}
socket = {state.mysql_socket}
pid-file = {state.run}/mariadb.pid
tmpdir = {state.tmp}
skip-networking
skip-name-resolve
character-set-server = utf8mb4
collation-server = utf8mb4_unicode_520_ci
innodb_buffer_pool_size = 128M
innodb_log_file_size = 16M
# Throw-away data: speed before durability.
innodb_flush_method = nosync
innodb_flush_log_at_trx_commit = 0
"""


def php_fpm_config(state: State, server: ServerOptions, user: str | None) -> str:
    return f"""\
[global]
error_log = {state.log}/php-fpm.log
daemonize = no

[www]
{f"user = {user}" if user else ""}
{f"group = {user}" if user else ""}
listen = {state.php_socket}
listen.mode = 0600
pm = static
pm.max_children = {server.workers}
catch_workers_output = yes
php_admin_value[error_log] = {state.log}/php-error.log
php_admin_flag[log_errors] = on
php_admin_flag[display_errors] = off
php_admin_value[memory_limit] = 256M
php_admin_value[upload_max_filesize] = 64M
php_admin_value[post_max_size] = 64M
php_admin_value[sys_temp_dir] = {state.tmp}
php_admin_value[upload_tmp_dir] = {state.tmp}
; An edited theme or plugin is seen at once.
php_admin_value[opcache.revalidate_freq] = 0
"""


def nginx_config(state: State, site: SiteOptions, server: ServerOptions, user: str | None) -> str:
    https = urlsplit(site.url).scheme == "https"
    path = urlsplit(site.url).path
    auth = f'auth_basic "staging";\n        auth_basic_user_file {state.conf}/htpasswd;'
    return f"""\
{f"user {user};" if user else ""}
daemon off;
worker_processes 2;
pid {state.run}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log {state.log}/access.log;
    client_max_body_size 64m;
    client_body_temp_path {state.tmp}/client_body;
    fastcgi_temp_path {state.tmp}/fastcgi;
    proxy_temp_path {state.tmp}/proxy;
    scgi_temp_path {state.tmp}/scgi;
    uwsgi_temp_path {state.tmp}/uwsgi;
    sendfile on;
    gzip on;
    gzip_types text/css text/plain text/xml application/javascript application/json
               application/rss+xml application/atom+xml application/xml image/svg+xml;
    server {{
        listen 127.0.0.1:{server.port};
        root {state.www};
        index index.php;
        charset utf-8;
        absolute_redirect off;
        {auth if server.basic_auth else ""}
        location {path}/ {{
            try_files $uri $uri/ {path}/index.php?$args;
        }}
        location ~ \\.php$ {{
            try_files $uri =404;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param DOCUMENT_ROOT $document_root;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVER_NAME $host;
            fastcgi_param SERVER_PORT $server_port;
            fastcgi_param SERVER_SOFTWARE nginx;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param HTTPS {"on" if https else "off"};
            fastcgi_buffers 16 16k;
            fastcgi_buffer_size 32k;
            fastcgi_pass unix:{state.php_socket};
        }}
    }}
}}
"""


def htpasswd(basic_auth: str) -> str:
    user, _, password = basic_auth.partition(":")
    digest = hashlib.sha1(password.encode()).digest()
    return f"{user}:{{SHA}}{base64.b64encode(digest).decode()}\n"


def wp_config(state: State) -> str:
    keys = "\n".join(
        f"define('{prefix}_{kind}', 'staging {prefix} {kind}');"
        for prefix in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE")
        for kind in ("KEY", "SALT")
    )
    return f"""\
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{state.mysql_socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

{keys}

define('WP_ENVIRONMENT_TYPE', 'staging');
define('WP_DEBUG', false);
define('FS_METHOD', 'direct');

// No network, and no work that starts by itself.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', 'localhost,127.0.0.1');
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISABLE_WP_CRON', true);

if (!defined('ABSPATH')) {{
    define('ABSPATH', __DIR__ . '/');
}}
require_once ABSPATH . 'wp-settings.php';
"""
