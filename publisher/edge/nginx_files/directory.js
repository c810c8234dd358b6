// Where a directory holds a key, and with which headers: the rule of `store/directory.py`, which
// says why it is so. A test compares the two.

import fs from 'fs';

const NAME_BYTES_MAX = 240;
const PRIVATE = ['.headers', '.tmp', '.lock', '.export.lock'];
const DIRECTORY = '{{ directory }}';

// The path below the directory, with a slash before it, of a decoded key.
function pathOf(key) {
  const parts = key.split('/');
  const names = [];
  parts.forEach(function (part, number) {
    const isFile = number === parts.length - 1;
    let escaped = part.split('').map(inName).join('');
    if (part === '.' || part === '..' || (number === 0 && PRIVATE.indexOf(part) >= 0)) {
      escaped = escaped.split('.').join('%2E');
    }
    const pieces = cut(escaped);
    pieces.slice(0, -1).forEach(function (piece) {
      names.push(piece + '%-');
    });
    const last = pieces[pieces.length - 1];
    names.push(last.indexOf('.') >= 0 === isFile ? last : last + '%');
  });
  return '/' + names.join('/');
}

// A character of this engine is a code point, never half of a pair.
function inName(character) {
  const code = character.charCodeAt(0);
  if (character !== '%' && code > 0x1f && code !== 0x7f) {
    return character;
  }
  return (code < 16 ? '%0' : '%') + code.toString(16).toUpperCase();
}

function cut(name) {
  const pieces = [''];
  const characters = name.split('');
  for (let i = 0; i < characters.length; i++) {
    let whole = characters[i];
    if (whole === '%') {
      whole += characters[i + 1] + characters[i + 2];
      i += 2;
    }
    const last = pieces.length - 1;
    if (Buffer.byteLength(pieces[last] + whole) > NAME_BYTES_MAX) {
      pieces.push(whole);
    } else {
      pieces[last] += whole;
    }
  }
  return pieces;
}

function file(r) {
  return pathOf('site' + decodeURIComponent(r.variables['{{ name }}_target']));
}

// Runs before nginx compresses, so that it sees the type.
function headers(r) {
  let held = {};
  try {
    held = JSON.parse(fs.readFileSync(DIRECTORY + '/.headers' + r.variables.uri, 'utf8'));
  } catch (error) {
    held = {};
  }
  if (r.status !== 304) {
    r.headersOut['Content-Type'] = held.content_type || 'application/octet-stream';
  }
  if (held.cache_control) {
    r.headersOut['Cache-Control'] = held.cache_control;
  }
}

export default { file: file, headers: headers, pathOf: pathOf };
