// Who may import whom: docs/ARCHITECTURE.md, "The house". `npm test` also asserts that modules
// were seen, since a resolver that sees nothing reports no violation.
const only = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const house = '^(broker|harness|reports|scenarios|scripts|test)/';

module.exports = {
  forbidden: [
    only('no-circular', {}, { circular: true }, 'A cycle hides which part knows which.'),
    only(
      'broker-knows-only-itself',
      { path: '^broker/' },
      { path: house, pathNot: '^broker/' },
      'The reference broker imports nothing of the harness.',
    ),
    only(
      'raft-is-pure',
      { path: '^broker/raft/', pathNot: '\\.test\\.ts$' },
      { path: '^(broker/(?!raft/|env/random|assert\\.ts)|node_modules)|^node:' },
      'The consensus core has no I/O and knows nothing of the broker.',
    ),
    only(
      'protocol-is-pure',
      { path: '^broker/protocol/', pathNot: '\\.test\\.ts$' },
      { path: '^broker/(?!protocol/|assert\\.ts)' },
      'The codec knows nothing of the broker.',
    ),
    only(
      'broker-through-its-index',
      { path: '^harness/(driver/reference|cluster)/' },
      { path: '^broker/', pathNot: '^broker/index\\.ts$' },
      'The harness sees the public edge of the broker.',
    ),
    only(
      'broker-behind-the-driver',
      {
        path: '^harness/',
        pathNot: '^harness/(driver/reference|cluster)/|\\.(test|e2e\\.test)\\.ts$',
      },
      { path: '^broker/' },
      'Only the reference driver and the clusters know that there is a reference broker.',
    ),
    only(
      'reports-see-the-record',
      { path: '^reports/', pathNot: '\\.test\\.ts$' },
      { path: house, pathNot: '^(reports|harness/record)/' },
      'A report needs the record file and nothing else.',
    ),
    only(
      'scenarios-see-the-public-index',
      { path: '^scenarios/' },
      { path: house, pathNot: '^(scenarios/|harness/index\\.ts$)' },
      'A scenario of ours can do no more than one of yours.',
    ),
    only(
      'the-command-knows-all-the-rest',
      { path: '^harness/', pathNot: '^harness/cli/|\\.test\\.ts$' },
      { path: '^(reports|scenarios)/|^harness/cli/' },
      'Only the command knows reports and scenarios.',
    ),
    only(
      'charts-come-late',
      { path: '^harness/cli/' },
      {
        path: '^reports/(index\\.ts$|charts/|page/)',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
      'Loading what draws charts takes longer than a command without any.',
    ),
    only(
      'what-nodes-say-comes-late',
      { path: '^broker/' },
      {
        path: '(^|/)(pino|prom-client)(/|$)|^broker/server/metrics-page\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
      'Workers and commands load the broker to talk to its nodes, and start slower with these.',
    ),
    only(
      'judgement-is-pure',
      {
        path: '^(harness/(checker|scenario|record)|reports)/',
        pathNot:
          '\\.test\\.ts$|^harness/record/(read|write)\\.ts$|^harness/scenario/(loader|user-file)\\.ts$|^harness/checker/judge\\.ts$',
      },
      { path: '^(node:)?(fs|net|http|child_process|dgram|timers)(/|$)' },
      'Checkers, plans, records and reports are data in, data out.',
    ),
    only(
      'nothing-imports-tests',
      { pathNot: '\\.(test|contract)\\.ts$|^test/' },
      { path: '\\.test\\.ts$' },
      'Tests are leaves.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|runs|node_modules)/|\\.d\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
