<?php
/**
 * Plugin Name: A library
 * Description: Types and taxonomies as plugins register them, and a header that says what an
 * answer shows. Only tests that ask for it put it among the others.
 */

add_action('init', 'library_types');
add_action('wp', 'library_shows', 1000);
// `wp post create` sets no terms of such taxonomies by itself.
add_action('wp_after_insert_post', 'library_terms');

function library_types(): void
{
    $public = ['public' => true, 'show_in_rest' => true, 'has_archive' => true];
    $supports = ['supports' => ['title', 'editor', 'revisions']];
    register_post_type('book', ['label' => 'Books'] + $public + $supports);
    // Its variable has another name than itself.
    register_post_type('movie', ['label' => 'Movies', 'query_var' => 'film', 'has_archive' => false]
        + $public + $supports);
    register_post_type('memo', ['label' => 'Memos', 'public' => false, 'show_in_rest' => true]);
    register_taxonomy('genre', ['book', 'post'], ['label' => 'Genres', 'hierarchical' => true] + $public);
    register_taxonomy('mood', ['book'], ['label' => 'Moods', 'query_var' => 'feeling'] + $public);
}

function library_terms(int $post): void
{
    foreach (['genre', 'mood'] as $taxonomy) {
        $slug = get_post_meta($post, "_{$taxonomy}", true);
        if ($slug) {
            wp_set_object_terms($post, explode(',', $slug), $taxonomy);
        }
    }
}

/** `<kind> <id> <feed> <paged> <page> <cpage> <embed>`, each `-` for none. */
function library_shows(): void
{
    if (is_admin() || headers_sent() || get_query_var('sitemap') || get_query_var('sitemap-stylesheet')) {
        return;
    }
    [$kind, $id] = library_object();
    $part = [
        is_feed() ? (get_query_var('withcomments') || is_comment_feed() ? 'comments-' : '') . get_query_var('feed') : '',
        is_singular() && !is_front_page() ? '' : get_query_var('paged'),
        get_query_var('page'),
        get_query_var('cpage'),
        is_embed() ? 1 : '',
    ];
    $fields = array_map(fn ($field) => (string) $field === '' ? '-' : rawurlencode($field), [$kind, $id, ...$part]);
    header('X-Shows: ' . implode(' ', $fields));
}

/** @return array{string, string|int} */
function library_object(): array
{
    global $wp_query;
    $terms = 0;
    foreach ($wp_query->tax_query->queried_terms ?? [] as $query) {
        $terms += count((array) ($query['terms'] ?? []));
    }
    $lists = (int) is_author() + (int) is_date() + (int) is_post_type_archive() + $terms;
    $object = get_queried_object() ?? (is_singular() ? $wp_query->post : null);
    return match (true) {
        is_404() => ['nothing', ''],
        is_robots() => ['robots', ''],
        is_singular() && !$object => ['several', ''],
        is_search() => ['search', get_query_var('s')],
        is_attachment() => ['attachment', $object->ID],
        is_page() => ['page', $object->ID],
        is_single() => $object->post_type === 'post' ? ['post', $object->ID]
            : ['item', "{$object->post_type}:{$object->ID}"],
        $lists > 1 => ['several', ''],
        $object instanceof WP_Term && $object->taxonomy === 'post_format' =>
            ['term', "post_format:{$object->slug}"],
        $object instanceof WP_Term => ['term', "{$object->taxonomy}:{$object->term_id}"],
        is_post_type_archive() && $object => ['archive', $object->name],
        is_author() && $object => ['author', $object->ID],
        is_date() && library_date() => ['date', library_date()],
        is_home(), is_front_page(), is_feed() => ['home', ''],
        default => ['several', ''],
    };
}

/** The digits of one year, month or day; '' for other choices (every April, a week, an hour). */
function library_date(): string
{
    $m = preg_replace('/\D/', '', (string) get_query_var('m'));
    [$year, $month, $day] = array_map(get_query_var(...), ['year', 'monthnum', 'day']);
    $is_odd = array_filter(array_map(get_query_var(...), ['w', 'hour', 'minute', 'second']));
    if ($is_odd || ($m && ($year || $month || $day)) || (!$m && (!$year || ($day && !$month)))) {
        return '';
    }
    if ($m) {  // WP_Query::get_posts: a digit too many is not looked at
        return strlen($m) > 9 ? '' : substr($m, 0, strlen($m) > 7 ? 8 : (strlen($m) > 5 ? 6 : 4));
    }
    return sprintf('%04d', $year) . ($month ? sprintf('%02d', $month) : '') . ($day ? sprintf('%02d', $day) : '');
}
