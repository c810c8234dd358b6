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
        const hex = __sha256(unescape(encodeURIComponent(text)));
        if (form === 'hex') {
          return hex;
        }
        if (form !== 'base64url') {
          throw new Error('no such form: ' + form);
        }
        return __base64url(hex);
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

// `bytes`: a text of characters below 256.
function __sha256(bytes) {
  const constants = __primes.map(prime => __fraction(Math.cbrt(prime)));
  const hash = __primes.slice(0, 8).map(prime => __fraction(Math.sqrt(prime)));
  const blocks = Math.floor((bytes.length + 8) / 64) + 1;
  const words = new Array(blocks * 16).fill(0);
  for (let i = 0; i < bytes.length; i++) {
    words[i >> 2] |= bytes.charCodeAt(i) << (24 - (i % 4) * 8);
  }
  words[bytes.length >> 2] |= 0x80 << (24 - (bytes.length % 4) * 8);
  words[words.length - 1] = bytes.length * 8;
  for (let start = 0; start < words.length; start += 16) {
    const w = words.slice(start, start + 16);
    for (let i = 16; i < 64; i++) {
      const a = __turned(w[i - 15], 7) ^ __turned(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const b = __turned(w[i - 2], 17) ^ __turned(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = (w[i - 16] + a + w[i - 7] + b) | 0;
    }
    const v = hash.slice();
    for (let i = 0; i < 64; i++) {
      const s1 = __turned(v[4], 6) ^ __turned(v[4], 11) ^ __turned(v[4], 25);
      const choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
      const t1 = (v[7] + s1 + choice + constants[i] + w[i]) | 0;
      const s0 = __turned(v[0], 2) ^ __turned(v[0], 13) ^ __turned(v[0], 22);
      const majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
      v.unshift((t1 + s0 + majority) | 0);
      v.pop();
      v[4] = (v[4] + t1) | 0;
    }
    v.forEach((word, i) => { hash[i] = (hash[i] + word) | 0; });
  }
  return hash.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

let __result;
function __run(event, raw) {
  __result = JSON.stringify({ error: 'the function did not finish' });
  event.request.rawQueryString = function () { return raw; };
  handler(event).then(
    function (value) { __result = JSON.stringify({ value: value }); },
    function (error) { __result = JSON.stringify({ error: String(error) }); }
  );
}

// RFC 4648, section 5, without padding.
function __base64url(hex) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let bits = '';
  hex.split('').forEach(digit => {
    bits += parseInt(digit, 16).toString(2).padStart(4, '0');
  });
  return bits.match(/.{1,6}/g).map(six => letters[parseInt(six.padEnd(6, '0'), 2)]).join('');
}
