
// What follows the edge function in nginx's file: from a request of nginx to CloudFront's event,
// and from the function's result to nginx's answer. The file itself comes from a named location.
const FILE = '{{ name }}_target';

async function answerTo(r) {
  cf.use(r);
  let result = null;
  try {
    const event = eventOf(r);
    result = await handler(event);
  } catch (error) {
    r.error('edge function: ' + error);
    result = unavailable();
  }
  if (!result.statusCode) {
    r.variables[FILE] = result.uri;
    r.internalRedirect('@{{ name }}_file');
    return;
  }
  Object.keys(result.headers).forEach(function (name) {
    if (name !== 'location') {
      r.headersOut[name] = result.headers[name].value;
    }
  });
  if (result.headers.location) {
    r.return(result.statusCode, result.headers.location.value);
  } else {
    r.return(result.statusCode, result.body ? result.body.data : result.statusDescription + '\n');
  }
}

function eventOf(r) {
  // As it was sent: nginx's own $uri is decoded, and `//` is one slash in it.
  const sent = r.variables.request_uri;
  const mark = sent.indexOf('?');
  const headers = {};
  ['host', 'user-agent', 'authorization', 'accept-language'].forEach(function (name) {
    if (r.headersIn[name]) {
      headers[name] = { value: r.headersIn[name] };
    }
  });
{% if certificate %}
  headers['cloudfront-forwarded-proto'] = { value: r.variables.scheme };
{% endif %}
  return {
    version: '1.0',
    context: { eventType: 'viewer-request' },
    request: {
      method: r.method,
      uri: mark < 0 ? sent : sent.slice(0, mark),
      querystring: {},
      headers: headers,
      cookies: {},
      rawQueryString: function () {
        return mark < 0 ? '' : sent.slice(mark + 1);
      }
    }
  };
}

export default { answerTo: answerTo };
