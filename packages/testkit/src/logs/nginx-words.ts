const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** User agents of honest browsers. */
export const BROWSERS: readonly string[] = [
  ...range(128, 143).map(
    (v) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Safari/537.36`,
  ),
  ...range(130, 145).map((v) => `Mozilla/5.0 (X11; Linux x86_64; rv:${v}.0) Gecko/20100101 Firefox/${v}.0`),
  ...range(0, 7).map(
    (v) =>
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_${v} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.${v} Mobile/15E148 Safari/604.1`,
  ),
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
]

/** Honest search engines. */
export const CRAWLERS: readonly string[] = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
]

/** User agents of scanners, as they announce themselves. */
export const TOOLS: readonly string[] = [
  'sqlmap/1.8.4#stable (https://sqlmap.org)',
  'Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:000001)',
  'Mozilla/5.0 zgrab/0.x',
  'masscan/1.3 (https://github.com/robertdavidgraham/masscan)',
  'Nmap Scripting Engine; https://nmap.org/book/nse.html',
  'WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)',
  'gobuster/3.6',
  'DirBuster-1.0-RC1 (http://www.owasp.org/index.php/Category:OWASP_DirBuster_Project)',
  'Mozilla/5.0 (compatible; Nuclei - Open-source project (github.com/projectdiscovery/nuclei))',
  'Fuzz Faster U Fool v2.1.0-dev',
]

/** Files of a page; `{n}` and `{hex}` are filled in. */
export const STATIC_FILES: readonly string[] = [
  '/assets/app.{hex}.js',
  '/assets/vendor.{hex}.js',
  '/assets/main.{hex}.css',
  '/img/p{n}.webp',
  '/img/hero-{n}.png',
  '/fonts/inter-{n}.woff2',
  '/favicon.ico?v={n}',
]

/** Pages of the shop. */
export const PAGES: readonly string[] = [
  '/',
  '/products',
  '/products/{n}',
  '/category/{n}?page=2',
  '/blog/post-{n}',
  '/about',
  '/cart',
  '/account',
  '/search?q=shoe+size+{n}',
  '/help/{n}',
]

/** Calls that its pages make. */
export const API_PATHS: readonly string[] = [
  '/api/v1/items/{n}',
  '/api/v1/cart',
  '/api/v1/session',
  '/api/v1/users/{n}/orders?limit=20',
  '/graphql',
]

/** Files that nobody serves on purpose. */
export const SENSITIVE_FILES: readonly string[] = [
  '/.env',
  '/.git/config',
  '/.git/HEAD',
  '/.aws/credentials',
  '/wp-config.php.bak',
  '/config.json',
  '/.htpasswd',
  '/.ssh/id_rsa',
  '/backup.sql',
  '/dump.sql',
  '/.svn/entries',
  '/.DS_Store',
  '/web.config',
  '/server-status',
  '/actuator/env',
  '/phpinfo.php',
  '/.vscode/sftp.json',
  '/docker-compose.yml',
  '/.dockerenv',
  '/id_rsa',
  '/credentials.xml',
  '/.env.production',
  '/.env.bak',
  '/config/database.yml',
]

/** Programs that scanners look for. */
export const PROBES: readonly string[] = [
  '/admin/',
  '/administrator/',
  '/phpmyadmin/',
  '/pma/',
  '/manager/html',
  '/solr/admin/',
  '/jenkins/',
  '/cgi-bin/test.cgi',
  '/old/',
  '/test/',
  '/backup/',
  '/console/',
  '/api/swagger.json',
  '/wp-login.php',
  '/wp-admin/setup-config.php',
  '/xmlrpc.php',
  '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
  '/owa/auth/logon.aspx',
  '/hudson',
  '/struts2/index.action',
]

/** Ways out of the document root. */
export const TRAVERSALS: readonly string[] = [
  '/../../../../etc/passwd',
  '/static/..%2f..%2f..%2fetc%2fpasswd',
  '/cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd',
  '/download?file=../../../../etc/shadow',
  '/?page=....//....//etc/passwd',
  '/img/%2e%2e/%2e%2e/%2e%2e/etc/hosts',
  '/?f=..%252f..%252f..%252fwindows%252fwin.ini',
]

/** SQL in parameters. */
export const SQL_INJECTIONS: readonly string[] = [
  "/products?id=1'+OR+'1'='1",
  '/products?id=1+UNION+SELECT+NULL,NULL,version()--',
  '/search?q=%27%20OR%201%3D1--',
  '/item?id=1;WAITFOR+DELAY+%270:0:5%27--',
  "/login?u=admin'--&p=x",
  '/p?id=1+AND+SLEEP(5)',
  '/p?id=-1%20union%20all%20select%201,concat(user(),0x3a,database()),3',
  '/p?id=1+AND+(SELECT+*+FROM+(SELECT(SLEEP(5)))a)',
  '/?q=information_schema.tables',
]

/** Scripts in parameters. */
export const SCRIPT_INJECTIONS: readonly string[] = [
  '/search?q=<script>alert(1)</script>',
  '/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E',
  '/?x=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E',
  '/?n=<svg/onload=alert(1)>',
  '/?u=javascript:alert(1)',
]
