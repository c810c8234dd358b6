// What a visitor gets, decided at the CDN's edge: a file of the live release, a redirect, or an
// error. A CloudFront function for viewer requests, runtime cloudfront-js-2.0.
//
// The key-value store holds one entry `live`: "<generation> <slot> <rule set>". The slot is the
// folder of the release that is live, the rule set the prefix of its redirects. Both change
// together when that one entry is written, so no visitor ever gets half a release. A redirect is
// an entry "<rule set><source>": "<status> <target> [<page for preview crawlers>]". A preview has
// an entry `preview-NAME` of its own, with "<end> <password>" behind: seconds since 1970 or 0, and
// SHA-256 over "NAME:<what a browser sends for preview:password>" or -.
//
// The runtime is ES5.1 and little more, and its instructions are limited: no newer syntax, no
// loop over anything but the request itself, and at most three reads of the store. Nor a `replace`
// of all matches: njs 0.7.9 never ends when the last one ends a text of 32 characters, or a
// multiple of that, that are not all ASCII. `source` in edge.py fills in SITE and takes the
// comments out: CloudFront takes 10 KB.

import cf from 'cloudfront';
import crypto from 'crypto';

// The public host ('': whatever host is asked), the domain whose subdomains are previews ('':
// none), and the slot to show while the store can't be read ('': none).
const SITE = { host: '', previews: '', fallback: '' };

const kvs = cf.kvs();

// WordPress's query variables in canonical order. Those before `feed` say which page is meant,
// the others which part or form of it.
const VARIABLES = ('p page_id attachment_id attachment name pagename category_name cat tag tag_id ' +
  'author author_name m year monthnum w day post_type post_format taxonomy term feed paged page ' +
  'cpage embed sitemap sitemap-subtype sitemap-stylesheet robots').split(' ');

const INTEGERS = ('p page_id attachment_id tag_id year monthnum w day paged page cpage').split(' ');

// What gets glued to the end of a shared link: ASCII and typographic marks, then Japanese ones.
const GLUED = new RegExp('[ !"\'(),./;{}\u00a0\u2018\u2019\u201c\u201d' +
  '\u3000-\u3002\u3008-\u3011\uff01\uff08\uff09\uff0c\uff0e\uff3b\uff3d\uff5b\uff5d]');

// They count a page's shares by its old address, so they must get the page there, not a redirect.
const PREVIEW_CRAWLER = /facebookexternalhit|facebot|facebookcatalog|meta-externalhit/i;

const STATUS_TEXT = {
  '301': 'Moved Permanently',
  '302': 'Found',
  '307': 'Temporary Redirect',
  '308': 'Permanent Redirect'
};

const REST_CHARACTERS_MAX = 1500;

const ENTRY =
  /^([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{12})(?: ([0-9]{1,12}) ([0-9a-f]{64}|-))?$/;

async function handler(event) {
  const request = event.request;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return answer(405, 'Method Not Allowed', { 'allow': { value: 'GET, HEAD' } });
  }

  const decoded = decode(request.uri);
  const path = decoded === null || !isSitePath(decoded) ? '' : composed(decoded);
  const raw = rawQuery(request);
  const host = header(request, 'host').toLowerCase().replace(/:[0-9]*$/, '');
  const preview = previewOf(host);
  if (preview === null && SITE.host !== '' && host !== SITE.host) {
    return path === '' ? missing(request)
      : redirect(301, 'https://' + SITE.host + encode(path), raw);
  }
  if (preview !== null && path === '/robots.txt') {
    return page(200, 'OK', 'no-store', 'text/plain', 'User-agent: *\nDisallow: /\n');
  }

  const entry = await read(preview === null ? 'live' : 'preview-' + preview);
  const live = ENTRY.exec(entry);
  // In this engine `$` also matches before a last line break.
  const isRead = live !== null && live[0] === entry;
  if (preview !== null) {
    if (!isRead) {
      return missing(request);
    }
    if (Number(live[4]) > 0 && Date.now() >= Number(live[4]) * 1000) {
      return note(410, 'Gone', 'no-store', 'This preview has ended.');
    }
    if (live[5] && live[5] !== '-' && !isPassword(request, preview, live[5])) {
      const refusal = note(401, 'Unauthorized', 'no-store',
        'This preview asks for the name "preview" and a password.');
      refusal.headers['www-authenticate'] = { value: 'Basic realm="preview", charset="UTF-8"' };
      return refusal;
    }
  } else if (!isRead && SITE.fallback === '') {
    return unavailable();
  }
  const slot = '/' + (isRead ? live[2] : SITE.fallback);
  // Without the store's data there are no redirects.
  const rules = isRead ? live[3] : '';

  if (path === '') {
    return missing(request);
  }
  if (path.indexOf('/_errors/') === 0) {
    return serve(request, '', path);
  }

  if (path === '/' || path === '/index.php') {
    const query = canonicalQuery(raw);
    if (query.key !== '' && rules === '') {
      // Where this leads is not known just now, and a 404 would be believed.
      return unavailable();
    }
    if (query.key !== '') {
      let rule = await read(rules + '?' + query.key);
      if (rule === '' && query.base !== '') {
        // WordPress shows a page's beginning for a part of it that does not exist.
        rule = await read(rules + '?' + query.base);
      }
      // The home page must not answer for a post that it does not know.
      return rule === '' ? missing(request) : apply(rule, request, slot, query.rest);
    }
  }
  if (rules === '') {
    return serve(request, slot, path);
  }
  const rule = await read(rules + path);
  return rule === '' ? serve(request, slot, path) : apply(rule, request, slot, raw);
}

// The name of the preview that a host stands for, null if it is none.
function previewOf(host) {
  const parent = '.' + SITE.previews;
  const isPreview = SITE.previews !== '' && host.slice(-parent.length) === parent;
  return isPreview ? host.slice(0, -parent.length) : null;
}

// The store has a digest, never the password, and it is good for this preview alone.
function isPassword(request, preview, digest) {
  const sent = /^basic +([a-z0-9+\/=]+)$/i.exec(header(request, 'authorization'));
  const token = sent === null ? '' : sent[1];
  return crypto.createHash('sha256').update(preview + ':' + token).digest('hex') === digest;
}

function header(request, name) {
  return request.headers[name] ? request.headers[name].value : '';
}

// A value of the store, '' if there is none. A key that is not there throws, as does a store that
// can't be read: a redirect is then looked for as a file.
async function read(key) {
  try {
    const value = await kvs.get(key);
    return value;
  } catch (error) {
    return '';
  }
}

function apply(rule, request, slot, rest) {
  const fields = rule.split(' ');
  if (fields[0] === '410') {
    return note(410, 'Gone', 'max-age=300', '\u524a\u9664\u6e08\u307f / This page was removed.');
  }
  if (fields.length > 2 && PREVIEW_CRAWLER.test(header(request, 'user-agent'))) {
    return serve(request, slot, decodeURIComponent(fields[2]));
  }
  return redirect(Number(fields[0]), fields[1], rest);
}

function redirect(status, target, rest) {
  return answer(status, STATUS_TEXT[status], {
    // Without a limit browsers keep a permanent redirect for ever, a mistaken one too.
    'cache-control': { value: status === 301 || status === 308 ? 'max-age=3600' : 'no-cache' },
    'location': { value: withQuery(target, rest) }
  });
}

// The target comes from the rules alone; of the request only a harmless query is carried over.
function withQuery(target, rest) {
  if (rest === '' || rest.length > REST_CHARACTERS_MAX || /[^!-~]/.test(rest)) {
    return target;
  }
  const hash = target.indexOf('#');
  const page = hash < 0 ? target : target.slice(0, hash);
  const fragment = hash < 0 ? '' : target.slice(hash);
  return page + (page.indexOf('?') < 0 ? '?' : '&') + rest + fragment;
}

// The rewritten path is the cache key too: without the query there is one copy of each file.
function serve(request, slot, path) {
  const file = slot !== '' && path.charAt(path.length - 1) === '/' ? path + 'index.html' : path;
  request.uri = slot + encode(file);
  request.querystring = {};
  return request;
}

// Nothing is ever stored there, so the distribution answers with its 404 page. An error that the
// function made itself could not show that page.
function missing(request) {
  return serve(request, '', '/_missing');
}

function unavailable() {
  return answer(503, 'Service Unavailable', {
    'cache-control': { value: 'no-store' },
    'retry-after': { value: '5' }
  });
}

function note(status, description, cache, text) {
  return page(status, description, cache, 'text/html', '<!doctype html><title>' + status + ' ' +
    description + '</title><h1>' + text + '</h1>');
}

function page(status, description, cache, type, text) {
  const response = answer(status, description, {
    'cache-control': { value: cache },
    'content-type': { value: type + '; charset=utf-8' }
  });
  response.body = { encoding: 'text', data: text };
  return response;
}

function answer(status, text, headers) {
  return { statusCode: status, statusDescription: text, headers: headers };
}

// Percent-decoded UTF-8, or null where an escape is broken.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return null;
  }
}

function encode(path) {
  return path.split('/').map(encodeURIComponent).join('/');
}

// A Mac writes some kana as two characters, the second of them a sound mark; a site's paths have
// them as one (NFC). The runtime has no `normalize`.
function composed(text) {
  if (!/[\u3099\u309a]/.test(text)) {
    return text;
  }
  const characters = [];
  text.split('').forEach(function (character) {
    const last = characters.length - 1;
    const by = last < 0 ? 0 : distance(characters[last].charCodeAt(0), character);
    if (by === 0) {
      characters.push(character);
    } else {
      characters[last] = String.fromCharCode(characters[last].charCodeAt(0) + by);
    }
  });
  return characters.join('');
}

// How far behind a kana the one is that has the mark, 0 if there is none.
function distance(code, mark) {
  const kana = code > 0x309f ? code - 0x60 : code;
  if (kana > 0x306e && kana < 0x307c && kana % 3 === 0) {
    return mark === '\u3099' ? 1 : mark === '\u309a' ? 2 : 0;
  }
  if (mark !== '\u3099') {
    return 0;
  }
  if (kana === 0x309d || kana > 0x304a && kana < 0x3069 && kana % 2 === (kana > 0x3062 ? 0 : 1)) {
    return 1;
  }
  return kana === 0x3046 ? 0x4e : code > 0x30ee && code < 0x30f3 ? 8 : 0;
}

// A path that a file of the site can have: no tricks for the store behind it.
function isSitePath(path) {
  return path.charAt(0) === '/' && !/[\u0000-\u001f\u007f\\]|\/\/|\/\.\.?(\/|$)/.test(path);
}

// The query as it was sent: only that keeps the order and the bare names.
function rawQuery(request) {
  if (typeof request.rawQueryString === 'function') {
    return request.rawQueryString() || '';
  }
  const parts = [];
  Object.keys(request.querystring).forEach(function (name) {
    const given = request.querystring[name];
    (given.multiValue || [given]).forEach(function (one) {
      parts.push(one.value === '' ? name : name + '=' + one.value);
    });
  });
  return parts.join('&');
}

// One form for every way to write a WordPress query: `key`, the same without the part of a page
// as `base` (each '' if there is none), and `rest`, the parts that WordPress does not know. `own`
// names the variables of the site's own types and taxonomies: ' book | genre '.
function canonicalQuery(raw, own) {
  const values = {};
  const rest = [];
  const names = own || '|';
  raw.split('&').forEach(function (part) {
    if (!part) {
      return;
    }
    const spaced = part.split('+').join(' ');
    const equals = (spaced + '=').indexOf('=');
    const name = decode(spaced.slice(0, equals));
    const value = decode(spaced.slice(equals + 1));
    // A link copied out of HTML source keeps the `amp;` of its `&amp;`.
    const plain = name && name.indexOf('amp;') === 0 ? name.slice(4) : name;
    const known = plain === null || value === null ? '' : plain.split('[')[0];
    const at = names.indexOf(' ' + known + ' ');
    const isType = at < names.indexOf('|');
    const target = VARIABLES.indexOf(known) >= 0 ? known : at < 0 ? '' : isType ? 'name' : 'term';
    // The last one wins, as in PHP, and a list matches nothing.
    const text = cleaned(target, known === plain ? value || '' : '[]');
    if (!target && known !== 'preview') {
      rest.push(part);
    }
    if (target && text) {
      values[target] = text;
      if (target !== known) {
        values[isType ? 'post_type' : 'taxonomy'] = known;
      }
    }
  });

  const id = values.attachment_id || values.p || values.page_id;
  if (id) {
    // WordPress takes the three for one another, and an id leaves nothing else to choose.
    VARIABLES.slice(0, VARIABLES.indexOf('feed')).forEach(function (name) {
      values[name] = '';
    });
    values.p = id;
  }
  if (values.paged === '1' && !values.sitemap) {
    values.paged = '';
  }
  if (values.page === '1') {
    values.page = '';
  }
  const key = joined(values);
  values.page = values.cpage = values.embed = '';
  values.paged = values.sitemap ? values.paged : '';
  const base = joined(values);
  return { key: key, base: base === key ? '' : base, rest: rest.join('&') };
}

// A variable's value as WordPress reads it; '' means that it is not there.
function cleaned(name, value) {
  let end = value.length;
  while (GLUED.test(value.charAt(end - 1))) {
    end--;
  }
  const text = value.slice(0, end);
  if (text === '[]') {
    return text;
  }
  if (INTEGERS.indexOf(name) >= 0) {
    // PHP's (int): leading digits count, 0 is none. A negative id is none; others lose the sign.
    const match = /^[ \t-\r]*([+-]?)0*([0-9]*)/.exec(text);
    return (match[2] && match[1] === '-' && name === 'p' ? '-' : '') + match[2];
  }
  if (name === 'm') {
    return text.split(/[^0-9]+/).join('');
  }
  if (name === 'cat' || name === 'author') {
    return text.split(/[^0-9,-]+/).join('').replace(/^0+/, '').replace(/,+$/, '');
  }
  if (name === 'feed') {
    return /^(feed|rss)$/.test(text) ? 'rss2'
      : text === 'comments-feed' ? 'comments-rss2' : text;
  }
  return name === 'embed' && text ? 'true' : composed(text);
}

function joined(values) {
  return VARIABLES.map(function (name) {
    return values[name] && name + '=' + values[name].split('%').join('%25').split('&').join('%26');
  }).filter(Boolean).join('&');
}
