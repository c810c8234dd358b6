<?php
/** The commands of `wp`: each takes and returns plain data, printed as JSON. */
final class Commands
{
    /**
     * Command => [method, what follows it]. One that takes `<` reads a JSON
     * object, or a list of them, from standard input; one that takes `ID...` is
     * done for each id.
     */
    private const COMMANDS = [
        'post create' => ['postCreate', '< {title, content, status, id, type, slug, date, author, '
            . 'categories, tags...}'],
        'post update' => ['postUpdate', '< {id, and what changes}'],
        'post publish' => ['postPublish', 'ID...'],
        'post trash' => ['postTrash', 'ID...'],
        'post delete' => ['postDelete', 'ID...'],
        'post get' => ['postGet', 'ID...'],
        'post list' => ['postList', '[TYPE [STATUS]]'],
        'term create' => ['termCreate', '< {taxonomy, name, slug, parent, description}'],
        'term update' => ['termUpdate', '< {id, taxonomy, and what changes}'],
        'term delete' => ['termDelete', 'TAXONOMY ID'],
        'term list' => ['termList', '[TAXONOMY]'],
        'comment add' => ['commentAdd', '< {post, content, author, parent, date, approved}'],
        'comment delete' => ['commentDelete', 'ID...'],
        'media add' => ['mediaAdd', '< {file: 2024/05/name.jpg, width, height, title, parent}'],
        'option get' => ['optionGet', 'NAME'],
        'option set' => ['optionSet', 'NAME VALUE (JSON, or else taken as text)'],
        'theme list' => ['themeList', ''],
        'theme activate' => ['themeActivate', 'NAME'],
        'menu list' => ['menuList', ''],
        'menu create' => ['menuCreate', '< {name, location}'],
        'menu add' => ['menuAdd', '< {menu: id or name, title, parent, and url, post or category}'],
        'list-public-urls' => ['listPublicUrls', '[TYPE...]'],
    ];

    private const POST_FIELDS = [
        'type' => 'post_type',
        'status' => 'post_status',
        'title' => 'post_title',
        'slug' => 'post_name',
        'content' => 'post_content',
        'excerpt' => 'post_excerpt',
        'date' => 'post_date',
        'parent' => 'post_parent',
        'password' => 'post_password',
        'order' => 'menu_order',
        'comments' => 'comment_status',
        'template' => 'page_template',
        'tags' => 'tags_input',
        'meta' => 'meta_input',
        'thumbnail' => '_thumbnail_id',
    ];

    // ----------------------------------------------------------------- posts

    private static function postCreate(array $data): array
    {
        $post = self::postFields($data) + ['post_status' => 'publish'];
        if (isset($data['id'])) {
            $post['import_id'] = $data['id'];
        }
        return self::savePost(wp_insert_post(wp_slash($post), true), $data);
    }

    private static function postUpdate(array $data): array
    {
        $post = ['ID' => self::existingPost($data['id'] ?? 0)] + self::postFields($data);
        return self::savePost(wp_update_post(wp_slash($post), true), $data);
    }

    private static function postPublish(string $id): array
    {
        wp_publish_post(self::existingPost($id));
        return self::describePost((int) $id);
    }

    private static function postTrash(string $id): array
    {
        wp_trash_post(self::existingPost($id));
        return self::describePost((int) $id);
    }

    private static function postDelete(string $id): array
    {
        $post = self::describePost(self::existingPost($id));
        wp_delete_post((int) $id, true);
        return ['deleted' => true] + $post;
    }

    private static function postGet(string $id): array
    {
        $post = get_post(self::existingPost($id));
        return self::describePost($post->ID) + [
            'content' => $post->post_content,
            'excerpt' => $post->post_excerpt,
            'author' => get_the_author_meta('user_login', $post->post_author),
        ];
    }

    private static function postList(string $type = 'post', string $status = 'any'): array
    {
        $ids = get_posts([
            'post_type' => $type,
            'post_status' => $status === 'any' ? array_keys(get_post_stati()) : $status,
            'numberposts' => -1,
            'orderby' => 'ID',
            'order' => 'ASC',
            'fields' => 'ids',
        ]);
        return array_map(self::describePost(...), $ids);
    }

    private static function postFields(array $data): array
    {
        $post = [];
        foreach ($data as $name => $value) {
            if (isset(self::POST_FIELDS[$name])) {
                $post[self::POST_FIELDS[$name]] = $value;
            } elseif (!in_array($name, ['id', 'author', 'categories', 'sticky'])) {
                self::fail("unknown field: {$name}");
            }
        }
        if (isset($post['post_date'])) {
            $post['post_date_gmt'] = get_gmt_from_date($post['post_date']);
            $post['edit_date'] = true;
        }
        if (isset($data['author'])) {
            $author = get_user_by('login', $data['author']) ?: self::fail("no such author");
            $post['post_author'] = $author->ID;
        }
        if (isset($data['categories'])) {
            $post['post_category'] = array_map(self::category(...), $data['categories']);
        }
        return $post;
    }

    private static function savePost(int|WP_Error $id, array $data): array
    {
        $id = self::check($id);
        if (isset($data['sticky'])) {
            $data['sticky'] ? stick_post($id) : unstick_post($id);
        }
        return self::describePost($id);
    }

    private static function existingPost(string|int $id): int
    {
        return get_post((int) $id)->ID ?? self::fail("no post {$id}");
    }

    private static function describePost(int $id): array
    {
        $post = get_post($id);
        return [
            'id' => $post->ID,
            'type' => $post->post_type,
            'status' => $post->post_status,
            'title' => $post->post_title,
            'slug' => $post->post_name,
            'url' => get_permalink($post),
            'date' => $post->post_date,
            'modified' => $post->post_modified,
        ];
    }

    /** The id of a category given by id, name or slug; made if there is none. */
    private static function category(int|string $category): int
    {
        if (is_int($category)) {
            return $category;
        }
        $known = term_exists($category, 'category');
        return (int) ($known ?: self::check(wp_insert_term($category, 'category')))['term_id'];
    }

    // ------------------------------------------------- terms, comments, media

    private static function termCreate(array $data): array
    {
        $taxonomy = $data['taxonomy'] ?? 'category';
        $term = self::check(wp_insert_term(wp_slash($data['name']), $taxonomy, wp_slash($data)));
        return self::describeTerm($term['term_id'], $taxonomy);
    }

    private static function termUpdate(array $data): array
    {
        $taxonomy = $data['taxonomy'] ?? 'category';
        self::check(wp_update_term($data['id'], $taxonomy, wp_slash($data)));
        return self::describeTerm($data['id'], $taxonomy);
    }

    private static function termDelete(string $taxonomy, string $id): array
    {
        $term = self::describeTerm((int) $id, $taxonomy);
        self::check(wp_delete_term((int) $id, $taxonomy));
        return ['deleted' => true] + $term;
    }

    private static function termList(string $taxonomy = 'category'): array
    {
        $ids = get_terms(['taxonomy' => $taxonomy, 'hide_empty' => false, 'fields' => 'ids']);
        return array_map(fn ($id) => self::describeTerm($id, $taxonomy), self::check($ids));
    }

    private static function describeTerm(int $id, string $taxonomy): array
    {
        $term = self::check(get_term($id, $taxonomy)) ?? self::fail("no {$taxonomy} {$id}");
        return [
            'id' => $term->term_id,
            'taxonomy' => $taxonomy,
            'name' => $term->name,
            'slug' => $term->slug,
            'parent' => $term->parent,
            'count' => $term->count,
            'url' => is_taxonomy_viewable($taxonomy) ? get_term_link($term) : null,
        ];
    }

    private static function commentAdd(array $data): array
    {
        $date = $data['date'] ?? current_time('mysql');
        $id = wp_insert_comment(wp_slash([
            'comment_post_ID' => self::existingPost($data['post']),
            'comment_content' => $data['content'],
            'comment_author' => $data['author'] ?? 'Visitor',
            'comment_author_email' => 'visitor@example.test',
            'comment_parent' => $data['parent'] ?? 0,
            'comment_date' => $date,
            'comment_date_gmt' => get_gmt_from_date($date),
            'comment_approved' => ($data['approved'] ?? true) ? 1 : 0,
        ]));
        return ['id' => $id, 'url' => get_comment_link($id)];
    }

    private static function commentDelete(string $id): array
    {
        return ['id' => (int) $id, 'deleted' => wp_delete_comment((int) $id, true)];
    }

    private static function mediaAdd(array $data): array
    {
        require_once __DIR__ . '/PlaceholderImage.php';
        require_once __DIR__ . '/Media.php';
        $id = Media::image(
            ['post_title' => $data['title'] ?? '', 'post_parent' => $data['parent'] ?? 0],
            $data['file'],
            $data['width'] ?? 1200,
            $data['height'] ?? 900
        );
        return ['file' => wp_get_attachment_url($id)] + self::describePost($id);
    }

    // ------------------------------------------------------------------ site

    private static function optionGet(string $name): mixed
    {
        return get_option($name);
    }

    private static function optionSet(string $name, string $value): mixed
    {
        global $wp_rewrite;
        $value = json_decode($value, true) ?? $value;
        if ($name === 'permalink_structure') {
            $wp_rewrite->set_permalink_structure($value);
        } else {
            update_option($name, $value);
        }
        // Made again by the next request, by when the option is in force.
        delete_option('rewrite_rules');
        return get_option($name);
    }

    private static function themeList(): array
    {
        return array_keys(wp_get_themes());
    }

    private static function themeActivate(string $name): array
    {
        if (!wp_get_theme($name)->exists()) {
            self::fail("no theme {$name}");
        }
        switch_theme($name);
        delete_option('rewrite_rules');
        return ['theme' => get_stylesheet()];
    }

    private static function menuList(): array
    {
        $locations = array_flip(array_filter(get_nav_menu_locations()));
        return array_map(fn ($menu) => [
            'id' => $menu->term_id,
            'name' => $menu->name,
            'location' => $locations[$menu->term_id] ?? null,
            'items' => array_map(fn ($item) => [
                'id' => $item->ID,
                'title' => $item->title,
                'url' => $item->url,
                'parent' => (int) $item->menu_item_parent,
            ], wp_get_nav_menu_items($menu) ?: []),
        ], wp_get_nav_menus());
    }

    private static function menuCreate(array $data): array
    {
        $id = self::check(wp_create_nav_menu(wp_slash($data['name'])));
        if (isset($data['location'])) {
            $locations = [$data['location'] => $id] + get_nav_menu_locations();
            set_theme_mod('nav_menu_locations', $locations);
        }
        return ['id' => $id, 'name' => $data['name']];
    }

    private static function menuAdd(array $data): array
    {
        $menu = wp_get_nav_menu_object($data['menu']) ?: self::fail("no menu {$data['menu']}");
        [$type, $object, $id] = match (true) {
            isset($data['post']) => ['post_type', get_post_type($data['post']), $data['post']],
            isset($data['category']) => ['taxonomy', 'category', $data['category']],
            default => ['custom', '', 0],
        };
        $item = self::check(wp_update_nav_menu_item($menu->term_id, 0, wp_slash([
            'menu-item-title' => $data['title'] ?? '',
            'menu-item-type' => $type,
            'menu-item-object' => $object,
            'menu-item-object-id' => $id,
            'menu-item-url' => $data['url'] ?? '',
            'menu-item-parent-id' => $data['parent'] ?? 0,
            'menu-item-status' => 'publish',
        ])));
        return ['id' => $item, 'menu' => $menu->term_id];
    }

    private static function listPublicUrls(string ...$types): array
    {
        require_once __DIR__ . '/PublicUrls.php';
        $urls = (new PublicUrls())->all();
        if ($types) {
            $urls = array_values(array_filter($urls, fn ($url) => in_array($url['type'], $types)));
        }
        return $urls;
    }

    // ------------------------------------------------------------- dispatch

    public static function run(array $words): void
    {
        $length = isset(self::COMMANDS[$words[0]]) ? 1 : 2;
        $command = implode(' ', array_slice($words, 0, $length));
        $arguments = array_slice($words, $length);
        [$method, $usage] = self::COMMANDS[$command] ?? self::fail("no command {$command}; see `wp help`");
        try {
            if (str_starts_with($usage, '<')) {
                $result = self::eachOrOne($method, self::standardInput());
            } elseif ($usage === 'ID...') {
                $result = self::eachOrOne($method, count($arguments) === 1 ? $arguments[0] : $arguments);
            } else {
                $result = self::$method(...$arguments);
            }
        } catch (ArgumentCountError) {
            self::fail("usage: wp {$command} {$usage}");
        }
        echo self::json($result), "\n";
    }

    private static function eachOrOne(string $method, mixed $input): mixed
    {
        return is_array($input) && array_is_list($input)
            ? array_map(fn ($one) => self::$method($one), $input)
            : self::$method($input);
    }

    private static function standardInput(): array
    {
        $input = json_decode(stream_get_contents(STDIN), true);
        return is_array($input) ? $input : self::fail('standard input is not JSON');
    }

    public static function help(): string
    {
        $help = "usage: wp COMMAND\n\n";
        foreach (self::COMMANDS as $command => [, $usage]) {
            $help .= "  {$command} {$usage}\n";
        }
        return $help;
    }

    private static function check(mixed $result): mixed
    {
        return is_wp_error($result) ? self::fail($result->get_error_message()) : $result;
    }

    public static function fail(string $message): never
    {
        fwrite(STDERR, self::json(['error' => $message]) . "\n");
        exit(1);
    }

    private static function json(mixed $value): string
    {
        return json_encode(
            $value,
            JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE
        );
    }
}
