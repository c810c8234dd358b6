// Stands in for CloudFront's module: the key-value data, read from the store through nginx's own
// cache, by subrequests of the request that `use` was told of. How it lies there: store.py.

// Each request has an engine of its own, and so a variable of its own.
let current = null;

function use(request) {
  current = request;
}

function kvs() {
  return { get: get };
}

// Throws for a key that is not there, and where the store can't be read.
async function get(key) {
  if (!/^(live|preview-[a-z0-9-]+|n\/[A-Za-z0-9_-]+)$/.test(key)) {
    throw new Error('no such key');
  }
  const reply = await current.subrequest('/.publisher-data/' + key, { method: 'GET' });
  if (reply.status !== 200) {
    throw new Error(key + ' can not be read: ' + reply.status);
  }
  return reply.responseText;
}

export default { kvs: kvs, use: use };
