import { connect } from 'node:net';
import type { AskOptions, NodeAnswer } from '../../cluster/node-program.ts';
import { nodeOfServer, systemUser } from './config.ts';

interface ServerInfo {
  readonly jetstream?: boolean;
}

/** What a server of the system account answers to a question about its JetStream. */
interface Reply {
  readonly server?: { readonly name?: string };
}

/** Only the server that leads the meta group answers this, through whichever it is asked. */
const whoLeads = '$SYS.REQ.SERVER.PING.JSZ';
/** After the node itself has answered: the leader may be another one. */
const leaderMsMax = 150;

/**
 * In the server's own protocol, on a bare socket: it greets, answers a ping, and passes on the
 * question who leads. No client library comes between, which would try again and again.
 */
export function askNode(
  address: string,
  { token, timeoutMs }: AskOptions,
): Promise<NodeAnswer | undefined> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), noDelay: true });
    let info: ServerInfo | undefined;
    let text = '';
    const answer = (found: NodeAnswer | undefined): void => {
      clearTimeout(patience);
      socket.destroy();
      resolve(found);
    };
    let patience = setTimeout(() => answer(undefined), timeoutMs);
    const hear = (line: string): void => {
      if (line.startsWith('INFO ')) {
        if (info === undefined) socket.write(greeting(token));
        info = JSON.parse(line.slice(5)) as ServerInfo;
        return;
      }
      if (line.startsWith('-ERR')) return answer({ coordinator: 0, trouble: line.slice(5) });
      if (line === 'PONG') {
        if (info?.jetstream !== true)
          return answer({ coordinator: 0, trouble: 'its JetStream is off' });
        clearTimeout(patience);
        patience = setTimeout(() => answer({ coordinator: 0 }), leaderMsMax);
        return;
      }
      if (!line.startsWith('{')) return;
      const { server } = JSON.parse(line) as Reply;
      answer({ coordinator: nodeOfServer(server?.name) });
    };
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      const lines = (text + part).split('\r\n');
      text = lines.pop() ?? '';
      for (const line of lines) hear(line);
    });
    socket.on('error', () => answer(undefined));
    socket.on('close', () => answer(undefined));
  });
}

/** The answer to PING comes first: whoever leads has to be asked. */
function greeting(token: string): string {
  const login = {
    user: systemUser,
    pass: token,
    name: 'ackworth-ping',
    lang: 'node',
    version: '1',
    verbose: false,
    pedantic: false,
    headers: false,
    protocol: 1,
  };
  const question = JSON.stringify({ leader_only: true });
  return [
    `CONNECT ${JSON.stringify(login)}`,
    'PING',
    'SUB _INBOX.ackworth 1',
    `PUB ${whoLeads} _INBOX.ackworth ${question.length}`,
    question,
    '',
  ].join('\r\n');
}
