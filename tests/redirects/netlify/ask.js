// Asks Netlify's own engine what the tests' model was asked, by hand:
//   PUBLISHER_NETLIFY_CASES=/tmp/cases .venv/bin/python -m pytest tests/redirects/test_formats_netlify.py
//   npm install --prefix /tmp/cases netlify-redirector@0.5.0
//   NODE_PATH=/tmp/cases/node_modules node tests/redirects/netlify/ask.js /tmp/cases
// It prints where they differ, and how many are alike.

const fs = require('fs');
const path = require('path');
const redirector = require('netlify-redirector');

const folder = process.argv[2];

async function main() {
  const rules = fs.readFileSync(path.join(folder, '_redirects'), 'utf8');
  const matcher = await redirector.parsePlain(rules, {});
  let alike = 0;
  for (const [asked, wanted] of JSON.parse(fs.readFileSync(path.join(folder, 'cases.json')))) {
    const match = matcher.match({
      scheme: 'https',
      host: asked.host.toLowerCase().split(':')[0],
      path: asked.path,
      query: asked.query,
      getHeader: (name) => (/language$/i.test(name) ? asked.accept_language : ''),
      getCookie: () => '',
    });
    const answer = !match ? ['200', asked.path]
      : [404, 410].includes(match.status) ? [String(match.status)]
        : [String(match.status), match.to];
    if (JSON.stringify(answer) === JSON.stringify(wanted)) {
      alike += 1;
    } else {
      console.log(asked.host, `${asked.path}?${asked.query}`, 'model', wanted, 'engine', answer);
    }
  }
  console.log(`${alike} alike`);
}

main();
