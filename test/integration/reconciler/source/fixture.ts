import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A bare repository `fleet.git` with a work tree beside it, in a temporary folder. */
export class Fixture {
  readonly dir = mkdtempSync(join(tmpdir(), 'gv-source-'))
  readonly work = join(this.dir, 'work')
  readonly root = join(this.dir, 'served')
  readonly bare = join(this.root, 'fleet.git')
  /** Who commits from now on. */
  person = { name: 'Author', email: 'author@example.org' }

  constructor() {
    mkdirSync(this.root)
    this.run(this.dir, 'init', '-q', '--bare', '-b', 'main', this.bare)
    this.run(this.dir, 'init', '-q', '-b', 'main', this.work)
  }

  git(...args: string[]): string {
    return this.run(this.work, ...args)
  }

  input(input: string | Buffer, ...args: string[]): string {
    return execFileSync('git', args, { cwd: this.work, env: this.environment(), input, encoding: 'utf8' }).trim()
  }

  /** Writes files, commits and pushes; null removes. Returns the commit. */
  commit(files: Record<string, string | null>, branch = 'main'): string {
    for (const [path, text] of Object.entries(files)) {
      const full = join(this.work, path)
      mkdirSync(dirname(full), { recursive: true })
      if (text === null) rmSync(full)
      else writeFileSync(full, text)
    }
    this.git('add', '-A')
    this.git('commit', '-q', '--allow-empty', '-m', `change ${Object.keys(files).join(' ')}\n\nbody`)
    this.push(branch)
    return this.head()
  }

  /** Commits a tree that was made by hand and pushes it. */
  commitTree(tree: string): string {
    const commit = this.git('commit-tree', '-m', 'by hand', tree)
    this.git('push', '-q', '--force', this.bare, `${commit}:refs/heads/main`)
    return commit
  }

  push(branch = 'main'): void {
    this.git('push', '-q', '--force', this.bare, `HEAD:refs/heads/${branch}`)
  }

  head(): string {
    return this.git('rev-parse', 'HEAD')
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  private run(cwd: string, ...args: string[]): string {
    return execFileSync('git', args, { cwd, env: this.environment(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }

  private environment(): Record<string, string> {
    const { name, email } = this.person
    return { ...gitEnv, GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email }
  }
}

const gitEnv = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
}
