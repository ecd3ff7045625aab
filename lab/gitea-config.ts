import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

type Place = { readonly dir: string; readonly port: number; readonly signing: string; readonly program: string }

/** Nothing leaves the machine: no update check, no avatars, no mirrors; hooks go to loopback only. Pages are shorter than asked for. */
export function giteaConfig({ dir, port, signing, program }: Place): string {
  const beside = dirname(program)
  // A package of a distribution holds these in the program.
  const files = existsSync(join(beside, 'templates')) ? [`STATIC_ROOT_PATH = ${beside}`] : []
  const sections: Readonly<Record<string, readonly string[]>> = {
    server: [
      'PROTOCOL = http',
      'HTTP_ADDR = 127.0.0.1',
      `HTTP_PORT = ${port}`,
      `ROOT_URL = http://127.0.0.1:${port}/`,
      'DISABLE_SSH = true',
      'OFFLINE_MODE = true',
      ...files,
    ],
    database: ['DB_TYPE = sqlite3', `PATH = ${join(dir, 'gitea.db')}`],
    security: ['INSTALL_LOCK = true', `SECRET_KEY = ${randomBytes(16).toString('hex')}`],
    service: ['DISABLE_REGISTRATION = true'],
    api: ['MAX_RESPONSE_ITEMS = 10'],
    webhook: ['ALLOWED_HOST_LIST = loopback'],
    'repository.signing': [
      'SIGNING_FORMAT = ssh',
      `SIGNING_KEY = ${signing}.pub`,
      'SIGNING_NAME = gitea',
      'SIGNING_EMAIL = gitea@example.org',
      'MERGES = always',
      'INITIAL_COMMIT = never',
      'CRUD_ACTIONS = never',
    ],
    indexer: ['ISSUE_INDEXER_TYPE = db'],
    log: ['MODE = console', 'LEVEL = Warn'],
    'cron.update_checker': ['ENABLED = false'],
    actions: ['ENABLED = false'],
    packages: ['ENABLED = false'],
    mirror: ['ENABLED = false'],
    picture: ['DISABLE_GRAVATAR = true'],
    session: ['PROVIDER = memory'],
  }
  const text = Object.entries(sections).map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
  return ['RUN_MODE = prod', `WORK_PATH = ${dir}`, '', ...text].join('\n')
}
