
// Follows edge.js in one file: runs its handler on every case of a JSON file, in one process.
async function runAll() {
  const input = JSON.parse(fs.readFileSync(process.argv[2]));
  const results = [];
  for (let i = 0; i < input.cases.length; i++) {
    const given = input.cases[i];
    cf.entries = input.stores[given.store];
    cf.gets = 0;
    if (given.raw !== null) {
      given.event.request.rawQueryString = function () { return given.raw; };
    }
    const value = await handler(given.event);
    delete value.rawQueryString;
    results.push({ value: value, gets: cf.gets });
  }
  fs.writeFileSync(process.argv[3], JSON.stringify(results));
}

runAll().catch(function (error) {
  fs.writeFileSync(process.argv[3], JSON.stringify({ error: String(error) }));
});
