// One topic by WebSocket: numbered news, each with all of it. What is silent for 8 s, or has left a
// number out, is begun anew, and so is what has ended: after 1, 2, 4, 8, 15 and then every 30 s.
import { token } from "../api/client";

/** What every message has. */
export interface News {
  /** 1, 2, 3 and so on. */
  seq: number;
  /** The server's clock, as RFC 3339. */
  at: string;
}

interface Heard<T extends News> {
  /** The path of the topic, asked for at each beginning. */
  path: () => string;
  news: (news: T) => void;
  /** Whether news come; else the page asks. */
  live: (on: boolean) => void;
}

export interface Following {
  /** Begins anew at once, where nothing comes: the network is back, or the page is seen again. */
  wake: () => void;
  stop: () => void;
}

/** The service sends something every 5 s. */
const SILENT_MS = 8000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];
const PROTOCOL = "stagework.v1";

export function follow<T extends News>({ path, news, live }: Heard<T>): Following {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let last = 0;

  const end = () => {
    clearTimeout(timer);
    const old = socket;
    socket = null;
    old?.close();
  };
  const again = () => {
    end();
    live(false);
    const pause = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0;
    tries += 1;
    timer = setTimeout(begin, pause * (0.8 + 0.4 * Math.random()));
  };
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(again, SILENT_MS);
  };
  const begin = () => {
    end();
    last = 0;
    const made = opened(path());
    socket = made;
    made.onclose = () => {
      if (socket === made) again();
    };
    made.onmessage = (event) => {
      if (socket !== made) return;
      const said = JSON.parse(String(event.data)) as T;
      if (said.seq !== last + 1) return again();
      last = said.seq;
      tries = 0;
      watch();
      live(true);
      news(said);
    };
    watch();
  };
  begin();
  return {
    wake: () => {
      tries = 0;
      if (socket?.readyState !== WebSocket.OPEN) begin();
    },
    stop: end,
  };
}

/** A browser can set no header: a token goes among the protocols, as Kubernetes has it. */
function opened(path: string): WebSocket {
  const address = new URL(`../${path}`, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  if (!token.value) return new WebSocket(address);
  const packed = btoa(token.value).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return new WebSocket(address, [`base64url.bearer.authorization.k8s.io.${packed}`, PROTOCOL]);
}
