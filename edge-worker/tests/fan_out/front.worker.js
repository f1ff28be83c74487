// Sends a request to the isolate that its path begins with, as Cloudflare's network sends a fan to a data centre:
// /edge7/healthz is /healthz of edge7. Others go to edge0.

export default {
  fetch(request, env) {
    const url = new URL(request.url);
    const [, first, ...rest] = url.pathname.split('/');
    if (!(first in env)) return env.edge0.fetch(request);
    url.pathname = `/${rest.join('/')}`;
    return env[first].fetch(new Request(url, request));
  },
};
