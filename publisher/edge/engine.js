// What CloudFront's runtime has and an embedded engine has not: the modules `cloudfront` and
// `crypto`, as far as the edge function uses them. It comes before the function.

const __store = { entries: {} };
const __has = Object.prototype.hasOwnProperty;

// `get` of a missing key rejects, as on CloudFront. The handler's promise settles before the
// engine returns, because nothing that it waits for is outside the engine.
const cf = {
  kvs: function () {
    return {
      get: async function (key) {
        if (!__has.call(__store.entries, key)) {
          throw new Error('KeyNotFound');
        }
        return __store.entries[key];
      },
      exists: async function (key) {
        return __has.call(__store.entries, key);
      }
    };
  }
};

// SHA-256 of text in UTF-8 (FIPS 180-4, section 6.2), in hexadecimal digits or base64url.
const crypto = {
  createHash: function (algorithm) {
    if (algorithm !== 'sha256') {
      throw new Error('no such hash: ' + algorithm);
    }
    let text = '';
    return {
      update: function (more) {
        text += more;
        return this;
      },
      digest: function (form) {
        const words = __sha256(unescape(encodeURIComponent(text)));
        if (form === 'hex') {
          return __hex(words);
        }
        if (form !== 'base64url') {
          throw new Error('no such form: ' + form);
        }
        return __base64url(words);
      }
    };
  }
};

const __primes = (function () {
  const found = [];
  for (let n = 2; found.length < 64; n++) {
    if (found.every(prime => n % prime !== 0)) {
      found.push(n);
    }
  }
  return found;
})();

// The first 32 bits of a number's fraction.
function __fraction(number) {
  return ((number - Math.floor(number)) * 0x100000000) | 0;
}

function __turned(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

const __constants = Int32Array.from(__primes, prime => __fraction(Math.cbrt(prime)));
const __first = Int32Array.from(__primes.slice(0, 8), prime => __fraction(Math.sqrt(prime)));
const __words = new Int32Array(64);

// The hash as eight words of 32 bits. `bytes`: a text of characters below 256.
function __sha256(bytes) {
  const hash = Int32Array.from(__first);
  const blocks = Math.floor((bytes.length + 8) / 64) + 1;
  const padded = new Int32Array(blocks * 16);
  for (let i = 0; i < bytes.length; i++) {
    padded[i >> 2] |= bytes.charCodeAt(i) << (24 - (i % 4) * 8);
  }
  padded[bytes.length >> 2] |= 0x80 << (24 - (bytes.length % 4) * 8);
  padded[padded.length - 1] = bytes.length * 8;
  for (let start = 0; start < padded.length; start += 16) {
    __block(hash, padded.subarray(start, start + 16));
  }
  return hash;
}

// One block of 16 words, taken into the hash.
function __block(hash, block) {
  const w = __words;
  w.set(block);
  for (let i = 16; i < 64; i++) {
    const s0 = __turned(w[i - 15], 7) ^ __turned(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = __turned(w[i - 2], 17) ^ __turned(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let i = 0; i < 64; i++) {
    const s1 = __turned(e, 6) ^ __turned(e, 11) ^ __turned(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + __constants[i] + w[i]) | 0;
    const s0 = __turned(a, 2) ^ __turned(a, 13) ^ __turned(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => { hash[i] += word; });
}

let __results;

function __load(entries) {
  __store.entries = JSON.parse(entries);
}

// `requests`: JSON, pairs of an event and its raw query. All of them have settled when the engine
// returns; what has not never will. A result says whether the function looked at who asks (`agent`):
// if it did not, it says the same to all.
function __run(requests) {
  __results = JSON.parse(requests).map(function (pair, at) {
    pair[0].request.rawQueryString = function () { return pair[1]; };
    const noted = __noted(pair[0].request.headers, 'user-agent');
    handler(pair[0]).then(
      function (value) { __results[at] = { value: value, agent: noted.looked }; },
      function (error) { __results[at] = { error: String(error) }; }
    );
    return { error: 'the function did not finish' };
  });
}

// Notes when a header is looked at; to the function it is as any other.
function __noted(headers, name) {
  const noted = { looked: false };
  const header = headers[name];
  if (header !== undefined) {
    Object.defineProperty(headers, name, {
      enumerable: true,
      get: function () { noted.looked = true; return header; }
    });
  }
  return noted;
}

// What came of them, as JSON; it is not held any longer.
function __said() {
  const said = JSON.stringify(__results);
  __results = null;
  return said;
}

// RFC 4648, section 5, without padding. `words`: 32 bits each.
function __base64url(words) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let text = '';
  for (let bit = 0; bit < words.length * 32; bit += 6) {
    const word = words[bit >> 5] << (bit & 31);
    const next = (bit & 31) > 26 ? (words[(bit >> 5) + 1] || 0) >>> (32 - (bit & 31)) : 0;
    text += letters[(word | next) >>> 26];
  }
  return text;
}

function __hex(words) {
  return Array.from(words, word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
