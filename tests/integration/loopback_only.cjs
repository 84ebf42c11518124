// Preloaded into a test server that has no option for its address: what it would bind to every interface
// is bound to loopback instead.
const net = require('node:net');

const listen = net.Server.prototype.listen;
const isEverywhere = (host) => host === undefined || host === null || host === '0.0.0.0' || host === '::';

net.Server.prototype.listen = function listenOnLoopback(first, ...rest) {
  if (first !== null && typeof first === 'object') {
    const options = isEverywhere(first.host) ? { ...first, host: '127.0.0.1' } : first;
    return listen.call(this, options, ...rest);
  }
  const others = rest.filter((value) => typeof value !== 'string');
  const host = rest.find((value) => typeof value === 'string');
  return listen.call(this, first, isEverywhere(host) ? '127.0.0.1' : host, ...others);
};
