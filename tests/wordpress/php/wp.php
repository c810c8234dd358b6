<?php
/**
 * Change and inspect the staging WordPress from tests. Prints JSON.
 *
 * The command is in the arguments; WORDPRESS_DOCROOT and WORDPRESS_URL say which
 * WordPress is meant. `help` lists the commands.
 */

require __DIR__ . '/Commands.php';

array_shift($argv);
if (in_array($argv[0] ?? 'help', ['help', '--help', '-h'])) {
    echo Commands::help();
    exit;
}

require __DIR__ . '/load.php';

Commands::run($argv);
