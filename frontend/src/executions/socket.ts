import { WebSocket as ReconnectingSocket } from "partysocket";

const BACKOFF = { minReconnectionDelay: 400, maxReconnectionDelay: 8000, reconnectionDelayGrowFactor: 1.8 };

/** A socket of this site that comes back by itself; the address is asked for anew each time. */
export function openSocket(address: () => string): ReconnectingSocket {
  return new ReconnectingSocket(() => {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    return `${scheme}://${window.location.host}${address()}`;
  }, [], BACKOFF);
}
