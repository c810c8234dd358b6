"""One rule set in the words of other servers: nginx without JavaScript, HAProxy, Netlify."""
