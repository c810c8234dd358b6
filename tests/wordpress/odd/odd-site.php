<?php
/**
 * Plugin Name: What other exporters stumble over
 * Description: Head links, inline scripts and style sheets as plugins make them. Only tests that
 * ask for it put it among the others.
 */

add_action('wp_head', 'odd_head', 6);
add_action('wp_footer', 'odd_footer');

function odd_head(): void
{
    $here = is_singular() ? get_permalink() : home_url('/');
    foreach (['ja', 'x-default'] as $language) {
        printf('<link rel="alternate" hreflang="%s" href="%s">' . "\n", $language, esc_url($here));
    }
    // A style sheet that does not exist before somebody has looked at the page.
    if (is_singular()) {
        ['basedir' => $folder, 'baseurl' => $url] = wp_get_upload_dir();
        $name = '/lazy/post-' . get_the_ID() . '.css';
        wp_mkdir_p("{$folder}/lazy");
        file_put_contents($folder . $name, '.lazy { color: #123456; }');
        printf('<link rel="stylesheet" href="%s">' . "\n", esc_url($url . $name));
    }
}

function odd_footer(): void
{
    $home = home_url('/');
    printf('<script>var odd = {"home": %s, "api": %s, "share": "%s"};</script>' . "\n",
        wp_json_encode($home), wp_json_encode("{$home}?p=1632"), rawurlencode($home));
    printf('<input type="hidden" name="redirect_to" value="%s">' . "\n", esc_attr($home));
    printf('<div data-settings="%s"></div>' . "\n", esc_attr(wp_json_encode(['url' => $home])));
}
