import { join } from 'node:path'
import type { Credentials } from './auth.ts'
import type { Remote } from './options.ts'

/** The name of git's configuration of ours in a store. */
export const configFile = 'gitvirt-gitconfig'

/** Variables of our own environment that git may see; all GIT_* ones that could redirect it are left out. */
const inherited = [
  'PATH',
  'HOME',
  'USER',
  'SSH_AUTH_SOCK',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'GIT_SSH_COMMAND',
]

/**
 * The environment of every git process: no user or system configuration, no prompts, no hooks, and only the transports we allow.
 * Credentials go in as configuration by environment (git-config(1), GIT_CONFIG_COUNT), never as arguments.
 */
export function gitEnvironment(storeDir: string, remote?: Remote, credentials?: Credentials): Record<string, string> {
  const env: Record<string, string> = {
    LC_ALL: 'C',
    GIT_DIR: storeDir,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(storeDir, configFile),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  }
  for (const name of inherited) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  if (credentials !== undefined && remote !== undefined) {
    env['GIT_CONFIG_COUNT'] = '1'
    env['GIT_CONFIG_KEY_0'] = `http.${new URL(remote.url).origin}/.extraHeader`
    env['GIT_CONFIG_VALUE_0'] = `Authorization: ${credentials.header}`
  }
  return env
}
