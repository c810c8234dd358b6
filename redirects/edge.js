// What a visitor gets, decided at the CDN's edge: a file of the live release, a redirect, or an
// error. A CloudFront function for viewer requests, runtime cloudfront-js-2.0.
//
// The key-value store holds one entry `live`: "<generation> <slot> <rule set>", two spaces, and the
// head of that rule set (compile.py). The slot is the folder of the release that is live. Both
// change together when that one entry is written, so no visitor ever gets half a release. The
// redirects are a tree (tree.py) of which the head has the root: at most one branch, then a leaf
// (leaf.py). A preview has an entry `preview-NAME` of its own, with "<end> <password>" behind the
// rule set: seconds since 1970 or 0, and SHA-256 over "NAME:<what a browser sends for
// preview:password>" or -.
//
// The runtime is ES5.1 and little more, and its instructions are limited: no newer syntax, no
// loop over anything but the request itself and what was read, and at most three reads of the
// store, with two more for each further set of parameters at one path. Nor a `replace` of all
// matches: njs 0.7.9 never ends when the last one ends a text of 32 characters, or a multiple of
// that, that are not all ASCII. `source` in edge.py fills in SITE and takes out comments and
// spaces: CloudFront takes 10 KB.

import cf from 'cloudfront';
import crypto from 'crypto';

// The public host ('': whatever host is asked), the domain whose subdomains are previews ('':
// none), the slot to show while the store can't be read ('': none), for how many seconds browsers
// keep a permanent redirect, and the agents that get a page at its old address: they count its
// shares by that.
const SITE = { host: '', previews: '', fallback: '', maxAge: 3600, crawlers: /^$/ };

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

const STATUS_TEXT = {
  '301': 'Moved Permanently',
  '302': 'Found',
  '307': 'Temporary Redirect',
  '308': 'Permanent Redirect'
};

const REST_CHARACTERS_MAX = 1500;

const ENTRY =
  /^([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{12})(?: ([0-9]{1,12}) ([0-9a-f]{64}|-))?$/;

// How a leaf writes six bits.
const BITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// An expression that stands in a function is compiled at each call.
const PORT = /:[0-9]*$/;
const FIRST_NUMBER = /^([^0-9]*)([0-9]+)([\s\S]*)$/;
const LAST_NUMBER = /^([\s\S]*[^0-9])([0-9]+)([^0-9]*)$/;
const FIRST_LANGUAGE = /^ *([a-z]{2,3})([-;, ]|$)/i;
const NOT_PRINTABLE = /[^!-~]/;
const MARK = /[\u3099\u309a]/;
const NOT_IN_A_SITE_PATH = /[\u0000-\u001f\u007f\\]|\/\/|\/\.\.?(\/|$)/;
const ONE_ID = /^(?:p|page_id|attachment_id)=([1-9][0-9]{0,14})$/;
const INTEGER = /^[ \t-\r]*([+-]?)0*([0-9]*)/;

async function handler(event) {
  const request = event.request;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return answer(405, 'Method Not Allowed', { 'allow': { value: 'GET, HEAD' } });
  }

  const decoded = decode(request.uri);
  const sent = decoded === null || !isSitePath(decoded) ? '' : composed(decoded);
  // So WordPress writes it where the server can't rewrite.
  const isLong = sent.indexOf('/index.php/') === 0;
  const path = isLong ? sent.slice(10) : sent;
  const raw = rawQuery(request);
  const host = header(request, 'host').toLowerCase().replace(PORT, '');
  const preview = previewOf(host);
  if (preview !== null && path === '/robots.txt') {
    return page(200, 'OK', 'no-store', 'text/plain', 'User-agent: *\nDisallow: /\n');
  }

  const entry = await read(preview === null ? 'live' : 'preview-' + preview);
  const head = entry.split('  ');
  const live = ENTRY.exec(head[0]);
  // In this engine `$` also matches before a last line break.
  const isRead = live !== null && live[0] === head[0];
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
  if (path === '') {
    return missing(request);
  }

  // Who came to another host, or without TLS, is sent to the public site in one step.
  const isHome = preview !== null || SITE.host === '' ||
    host === SITE.host && header(request, 'cloudfront-forwarded-proto') !== 'http';
  const home = isHome ? '' : 'https://' + SITE.host;
  const isError = path.indexOf('/_errors/') === 0;
  const own = head.length > 1 && head[1].charAt(0) === 'V' ? ' ' + head[1].slice(1) + ' ' : '|';
  const query = path === '/' || path === '/index.php' ? canonicalQuery(raw, own) : { key: '' };
  let rule = null;
  let rest = raw;
  if (isRead && !isError) {
    const visitor = { language: firstLanguage(request), host: host };
    if (query.key !== '') {
      rest = query.rest;
      rule = await lookedUp(head, '/\n' + (query.base || query.key), '/\n' + query.key, visitor);
    } else {
      const records = [];
      const texts = textsOf(head, path, raw, records);
      for (let n = 0; n < texts.length && rule === null; n += 2) {
        rule = await lookedUp(head, texts[n], texts[n], visitor);
        rest = rule === null ? raw : texts[n + 1];
      }
      rule = rule || byHead(records, head, path, visitor);
    }
  }
  if (rule === null && query.key !== '') {
    // The home page must not answer for a post that it does not know; and while it is not known
    // where this leads, a 404 would be believed.
    return isRead ? missing(request) : unavailable();
  }
  if (rule === null) {
    const file = unglued(path, '/');
    return home === '' && !isLong && file === path ? serve(request, isError ? '' : slot, path)
      : redirect(301, home + encode(file || '/'), raw);
  }
  if (rule[1] === '410') {
    return note(410, 'Gone', 'max-age=300', '\u524a\u9664\u6e08\u307f / This page was removed.');
  }
  if (rule[4] && SITE.crawlers.test(header(request, 'user-agent'))) {
    return serve(request, slot, decodeURIComponent(rule[4]));
  }
  return redirect(Number(rule[1]), (rule[3].charAt(0) === '/' ? home : '') + rule[3], rest);
}

// The record of the rule for what is asked for, or for its base; null if there is none.
async function lookedUp(head, base, text, visitor) {
  const tree = head.filter(function (section) {
    return section.charAt(0) === 'R';
  })[0] || 'R0';
  let node = tree.slice(2);
  for (let depth = Number(tree.charAt(1)); depth > 0; depth--) {
    node = await read('n/' + childOf(node, placeOf(base, text)));
  }
  return found(node, text, visitor) || (base === text ? null : found(node, base, visitor));
}

// The node of a branch in which a place would be: a branch is "<what all places begin with> <name>
// <name><place> <name><place> ...".
function childOf(branch, place) {
  const entries = branch.split(' ');
  let low = 1;
  let high = entries.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (entries[0] + entries[middle].slice(9) > place) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return low < entries.length ? entries[low].slice(0, 9) : '';
}

// Where the rule for a text lies among all rules (places.py).
function placeOf(base, text) {
  const parts = FIRST_NUMBER.exec(base);
  let place = digest(base, 10);
  if (parts !== null && isNumber(parts[2])) {
    const number = Number(parts[2]).toString(36);
    place = digest(parts[1], 3) + number.length + number +
      (parts[3] === '' ? '' : digest(parts[3], 3));
  }
  return text === base ? place : place + digest(text, 3);
}

function digest(text, length) {
  return crypto.createHash('sha256').update(text).digest('base64url').slice(0, length);
}

function isNumber(digits) {
  return digits.charAt(0) !== '0' && digits.length < 10;
}

// What a leaf has for a text: a record of its own, or one for its first or its last number.
function found(leaf, text, visitor) {
  const first = FIRST_NUMBER.exec(text);
  const last = LAST_NUMBER.exec(text);
  return recordOf(leaf, text, '', visitor) || numbered(leaf, first, visitor) ||
    numbered(leaf, last, visitor);
}

function numbered(leaf, parts, visitor) {
  return parts === null || !isNumber(parts[2]) ? null
    : recordOf(leaf, parts[1] + '\u0000' + parts[3], parts[2], visitor);
}

function recordOf(leaf, text, number, visitor) {
  const beginning = '  ' + digest(text, 10) + ' ';
  let at = leaf.indexOf(beginning);
  while (at >= 0) {
    const record = leaf.slice(at + 2, leaf.indexOf('  ', at + 2)).split(' ');
    if (isFor(record, visitor) && (number === '' ? record[2] === '-' : has(record[2], number))) {
      for (let n = 3; n < record.length && number !== ''; n++) {
        record[n] = record[n].split('\\').join(number);
      }
      return record;
    }
    at = leaf.indexOf(beginning, at + 2);
  }
  return null;
}

// A record: what it stands for, "<status>;<language>;<host>", numbers, target, page in place.
function isFor(record, visitor) {
  const when = record[1].split(';');
  if (when[1] && when[1] !== visitor.language || when[2] && when[2] !== visitor.host) {
    return false;
  }
  record[1] = when[0];
  return true;
}

// Whether a number is in a set: "<first number in base 36>.<six bits a character>".
function has(set, number) {
  const dot = set.indexOf('.');
  const at = Number(number) - parseInt(set, 36);
  const bits = dot < 0 || at < 0 ? '' : set.charAt(dot + 1 + Math.floor(at / 6));
  return bits !== '' && (BITS.indexOf(bits) >> at % 6 & 1) === 1;
}

// What is looked up for a path, each with what is left of the query: the path with each set of
// parameters of which the request has all, or else the path alone. Fills in the records of that.
function textsOf(head, path, raw, records) {
  const texts = [];
  let isOurs = false;
  head.forEach(function (section) {
    const kind = section.charAt(0);
    const words = kind === 'Q' || isOurs ? section.split(' ') : [];
    if (kind === 'Q') {
      isOurs = decode(words[0].slice(1)) === path;
    }
    if (isOurs && kind === 'Q') {
      const names = words[1].split('&');
      const values = {};
      const rest = others(raw, function (known, value) {
        values[known] = unglued(value);
        return names.indexOf(known) >= 0;
      });
      if (names.every(function (name) {
        return values[name];
      })) {
        texts.push(path + '\n' + joined(values, names), rest);
      }
    }
    if (isOurs && kind === 'q') {
      records.push(words);
    }
  });
  return texts.length > 0 ? texts : [path, raw];
}

// The rule of a path whose parameters are none of the known ones, or a pattern.
function byHead(records, head, path, visitor) {
  let rule = null;
  records.forEach(function (record) {
    rule = rule || (isFor(record, visitor) ? record : null);
  });
  head.forEach(function (section) {
    if (rule !== null || section.charAt(0) !== 'P') {
      return;
    }
    const record = section.split(' ');
    const parts = new RegExp(record[0].slice(1)).exec(path);
    if (parts !== null && isFor(record, visitor)) {
      rule = record;
      for (let n = 1; n < parts.length; n++) {
        rule[3] = rule[3].split('{' + n + '}').join(encode(parts[n]));
      }
    }
  });
  return rule;
}

function firstLanguage(request) {
  const parts = FIRST_LANGUAGE.exec(header(request, 'accept-language'));
  return parts === null ? '' : parts[1].toLowerCase();
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

function redirect(status, target, rest) {
  return answer(status, STATUS_TEXT[status], {
    // Without a limit browsers keep a permanent redirect for ever, a mistaken one too.
    'cache-control': { value: status === 301 || status === 308 ? 'max-age=' + SITE.maxAge : 'no-cache' },
    'location': { value: withQuery(target, rest) }
  });
}

// The target comes from the rules alone; of the request only a harmless query is carried over.
function withQuery(target, rest) {
  if (rest === '' || rest.length > REST_CHARACTERS_MAX || NOT_PRINTABLE.test(rest)) {
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
  if (!MARK.test(text)) {
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
  return path.charAt(0) === '/' && !NOT_IN_A_SITE_PATH.test(path);
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

// Every part of a query, decoded, to `take`; a list matches nothing. Returns what it did not take.
function others(raw, take) {
  return raw.split('&').filter(function (part) {
    const spaced = part.split('+').join(' ');
    const equals = (spaced + '=').indexOf('=');
    const name = decode(spaced.slice(0, equals));
    const text = spaced.slice(equals + 1);
    const value = decode(text);
    // A link copied out of HTML source keeps the `amp;` of its `&amp;`.
    const plain = (name || '').replace(/^amp;/, '');
    const known = plain.split('[')[0];
    // What can't be decoded counts up to its first `%`; of a list or a date it could be a part.
    const whole = value !== null ? value :
      /^(m|cat|author)$/.test(known) ? '' : text.split('%')[0] + '\ufffd';
    return part !== '' && !take(known, known === plain ? whole : '[]');
  }).join('&');
}

// One form for every way to write a WordPress query: `key`, the same without the part of a page
// as `base` (each '' if there is none), and `rest`, the parts that WordPress does not know. `own`
// names the variables of the site's own types and taxonomies: ' book | genre '.
function canonicalQuery(raw, own) {
  // Most queries there are need not be taken apart.
  const plain = ONE_ID.exec(raw);
  if (raw === '' || plain !== null && plain[0] === raw) {
    return { key: raw && 'p=' + plain[1], base: '', rest: '' };
  }
  const values = {};
  const rest = others(raw, function (known, value) {
    const at = known === '|' ? -1 : own.indexOf(' ' + known + ' ');
    const isType = at < own.indexOf('|');
    const target = VARIABLES.indexOf(known) >= 0 ? known : at < 0 ? '' : isType ? 'name' : 'term';
    // The last one wins, as in PHP.
    const text = cleaned(target, value);
    if (target && text) {
      values[target] = text;
      if (target !== known) {
        values[isType ? 'post_type' : 'taxonomy'] = known;
      }
    }
    return target || known === 'preview';
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
  const key = joined(values, VARIABLES);
  values.page = values.cpage = values.embed = '';
  values.paged = values.sitemap ? values.paged : '';
  const base = joined(values, VARIABLES);
  return { key: key, base: base === key ? '' : base, rest: rest };
}

// A text without what was glued to its end; `kept` is no such thing.
function unglued(value, kept) {
  let end = value.length;
  while (GLUED.test(value.charAt(end - 1)) && value.charAt(end - 1) !== kept) {
    end--;
  }
  return value.slice(0, end);
}

// A variable's value as WordPress reads it; '' means that it is not there.
function cleaned(name, value) {
  const text = unglued(value);
  if (text === '[]') {
    return text;
  }
  if (INTEGERS.indexOf(name) >= 0) {
    // PHP's (int): leading digits count, 0 is none. A negative id is none; others lose the sign.
    const match = INTEGER.exec(text);
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

function joined(values, names) {
  return names.map(function (name) {
    return values[name] && name + '=' + values[name].split('%').join('%25').split('&').join('%26');
  }).filter(Boolean).join('&');
}
