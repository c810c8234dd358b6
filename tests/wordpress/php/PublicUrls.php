<?php
/**
 * Every address that WordPress serves to an anonymous visitor, computed from
 * the database and not by following links: what an export is checked against.
 *
 * Left out are endless ones (searches, ?replytocom=, the pages of query
 * blocks), REST, oEmbed and /embed/, and the files of themes and WordPress.
 */
final class PublicUrls
{
    /** @var list<array{type: string, url: string}> */
    private array $urls = [];

    private int $per_page;

    public function __construct()
    {
        $this->per_page = (int) get_option('posts_per_page');
    }

    public function all(): array
    {
        $this->home();
        $this->posts();
        $this->terms();
        $this->authors();
        $this->dates();
        $this->sitemaps();
        $this->uploads();
        return $this->urls;
    }

    private function add(string $type, string $url, array $more = []): void
    {
        $this->urls[] = ['type' => $type, 'url' => $url] + $more;
    }

    private function home(): void
    {
        $this->archive('home', home_url('/'), $this->countPosts([]));
        $this->add('feed', get_feed_link('rss2'));
        $this->add('feed', get_feed_link('comments_rss2'));
        if (!parse_url(home_url(), PHP_URL_PATH)) {
            $robots = get_option('permalink_structure') ? '/robots.txt' : '/?robots=1';
            $this->add('robots', home_url($robots));
        }
    }

    private function posts(): void
    {
        foreach (['post', 'page', 'attachment'] as $type) {
            $posts = get_posts([
                'post_type' => $type,
                'post_status' => $type === 'attachment' ? 'inherit' : 'publish',
                'numberposts' => -1,
                'orderby' => 'ID',
                'order' => 'ASC',
            ]);
            foreach ($posts as $post) {
                if (is_post_publicly_viewable($post)) {
                    $this->post($post);
                }
            }
        }
    }

    private function post(WP_Post $post): void
    {
        $url = get_permalink($post);
        $more = ['id' => $post->ID, 'modified' => $post->post_modified_gmt];
        if ($post->post_password !== '') {
            $more['protected'] = true;
        }
        $this->add($post->post_type, $url, $more);
        $parts = substr_count($post->post_content, '<!--nextpage-->') + 1;
        for ($part = 2; $part <= $parts; $part++) {
            $this->add("{$post->post_type}-page", $this->below($url, 'page', $part, "{$part}"), $more);
        }
        if ($post->comment_count > 0 && $post->post_password === '') {
            $this->comments($post, $url, $more);
        }
        $commented = $post->comment_count > 0 || comments_open($post) || pings_open($post);
        if ($commented && $post->post_type !== 'attachment') {
            $this->add('comments-feed', get_post_comments_feed_link($post->ID), $more);
        }
    }

    private function comments(WP_Post $post, string $url, array $more): void
    {
        if (!get_option('page_comments')) {
            return;
        }
        $top = get_comments([
            'post_id' => $post->ID,
            'status' => 'approve',
            'parent' => 0,
            'count' => true,
        ]);
        $pages = (int) ceil($top / get_option('comments_per_page'));
        for ($page = 1; $page <= $pages; $page++) {
            $address = $this->below($url, 'cpage', $page, "comment-page-{$page}");
            $this->add('comment-page', $address, $more);
        }
    }

    private function terms(): void
    {
        foreach (['category', 'post_tag', 'post_format'] as $taxonomy) {
            // By id: the order of terms with the same name is not always the same.
            $terms = get_terms([
                'taxonomy' => $taxonomy,
                'hide_empty' => true,
                'orderby' => 'term_id',
            ]);
            foreach ($terms as $term) {
                $count = $this->countPosts(['tax_query' => [
                    ['taxonomy' => $taxonomy, 'terms' => $term->term_id],
                ]]);
                $this->archive($taxonomy, get_term_link($term), $count);
                $this->add('feed', get_term_feed_link($term->term_id, $taxonomy));
            }
        }
    }

    private function authors(): void
    {
        foreach (get_users() as $user) {
            $count = $this->countPosts(['author' => $user->ID]);
            if ($count) {
                $this->archive('author', get_author_posts_url($user->ID), $count);
                $this->add('feed', get_author_feed_link($user->ID));
            }
        }
    }

    private function dates(): void
    {
        global $wpdb;
        $days = $wpdb->get_results(
            "SELECT YEAR(post_date) y, MONTH(post_date) m, DAY(post_date) d, COUNT(*) n
             FROM {$wpdb->posts} WHERE post_type = 'post' AND post_status = 'publish'
             GROUP BY y, m, d ORDER BY y, m, d"
        );
        $archives = ['year' => [], 'month' => [], 'day' => []];
        foreach ($days as $day) {
            foreach ([
                ['year', get_year_link($day->y)],
                ['month', get_month_link($day->y, $day->m)],
                ['day', get_day_link($day->y, $day->m, $day->d)],
            ] as [$type, $url]) {
                $archives[$type][$url] = ($archives[$type][$url] ?? 0) + $day->n;
            }
        }
        foreach ($archives as $type => $counts) {
            foreach ($counts as $url => $count) {
                $this->archive($type, $url, $count);
            }
        }
    }

    private function sitemaps(): void
    {
        $server = wp_sitemaps_get_server();
        if (!$server->sitemaps_enabled()) {
            return;
        }
        $this->add('sitemap', $server->index->get_index_url());
        foreach ($server->index->get_sitemap_list() as $sitemap) {
            $this->add('sitemap', $sitemap['loc']);
        }
    }

    private function uploads(): void
    {
        ['basedir' => $folder, 'baseurl' => $url] = wp_get_upload_dir();
        $files = new RecursiveIteratorIterator(
            new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)
        );
        // Sorted: a folder lists its files in any order.
        $paths = array_map(fn ($file) => $file->getPathname(), iterator_to_array($files, false));
        sort($paths, SORT_STRING);
        foreach ($paths as $path) {
            $path = substr($path, strlen($folder) + 1);
            $path = implode('/', array_map('rawurlencode', explode('/', $path)));
            $this->add('upload', "{$url}/{$path}");
        }
    }

    /** An archive and its further pages. */
    private function archive(string $type, string $url, int $posts): void
    {
        $this->add($type, $url);
        for ($page = 2; $page <= ceil($posts / $this->per_page); $page++) {
            $this->add("{$type}-page", $this->below($url, 'paged', $page, "page/{$page}"));
        }
    }

    private function countPosts(array $query): int
    {
        $query += ['post_type' => 'post', 'post_status' => 'publish', 'fields' => 'ids'];
        return (new WP_Query($query))->found_posts;
    }

    /** The address of a part: a path below $url, or a parameter if permalinks are plain. */
    private function below(string $url, string $parameter, int $number, string $path): string
    {
        if (!get_option('permalink_structure') || str_contains($url, '?')) {
            return add_query_arg($parameter, $number, $url);
        }
        return user_trailingslashit(trailingslashit($url) . $path);
    }
}
