// The decisions of the elements of customers.jmx. Compiled statically: dynamic calls use more of the CPU shared with
// the shop.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import groovy.transform.CompileStatic
import java.util.concurrent.ThreadLocalRandom
import java.util.concurrent.atomic.AtomicLong
import org.apache.jmeter.protocol.http.control.Header
import org.apache.jmeter.protocol.http.sampler.HTTPSamplerBase
import org.apache.jmeter.samplers.SampleResult
import org.apache.jmeter.threads.JMeterContext
import org.apache.jmeter.threads.JMeterVariables

@CompileStatic
class Run {
    static final AtomicLong requests = new AtomicLong()
}

@CompileStatic
class Customer {
    static final String API = '/api/v1', ORDER = "GET $API/orders/<order_id>"
    static final Map<String, String> EXPECTED = [
        ("POST $API/auth/register".toString()): '201',
        ("POST $API/orders".toString()): '202',
        ("GET $API/products/<product_id> (dead link)".toString()): '404',
    ]

    final JMeterContext ctx
    final JMeterVariables vars
    final ThreadLocalRandom rng = ThreadLocalRandom.current()

    Customer(JMeterContext ctx) {
        this.ctx = ctx
        this.vars = ctx.variables
    }

    /** `name` is the parameter of the element; timers return milliseconds. */
    Object act(String name) {
        switch (name) {
            case 'compile': return 0L
            case 'visit': return visit()
            case 'look': return look()
            case 'order': return order()
            case 'authorize': return authorize()
            case 'answered': return answered()
            case 'rest': return rest()
            case 'wait': return poll()
        }
        throw new IllegalArgumentException(name)
    }

    /** Before the first request of a visit: its customer, its number of looks, and whether it ends in an order. */
    void visit() {
        Map mine = (Map) vars.getObject('mine')
        if (mine == null || !share('RETURN_SHARE')) {
            String email = "jmeter-${vars.get('RUN')}-${ctx.threadNum}-${vars.iteration}@load.example"
            mine = share('LOG_IN_SHARE') ? [email: (Object) email, known: (Object) false] : null
        }
        vars.putObject('mine', mine)
        vars.putObject('products', [])
        set(token: '', authorized: 'false', polling: 'false', enters: mine ? 'true' : 'false')
        if (mine) set(email: (String) mine.email, enter: mine.known ? 'login' : 'register')
        set(steps: whole('STEPS').toString(), orders: share('ORDER_SHARE') ? 'true' : 'false')
    }

    /** Choose the next view by weight. A guest has no orders, and views a product instead. */
    void look() {
        List<String> products = products()
        String limit = "limit=${vars.get('PAGE')}", look = chosen()
        if (look == 'my_orders' && !vars.get('token')) look = 'product'
        String route, path
        switch (look) {
            case 'page': route = '/products'; path = "$route?$limit&after=${one(products)}"; break
            case 'search':
                route = '/products/search'
                path = "$route?q=${one(vars.get('WORDS').split(',') as List<String>).replace(' ', '+')}&$limit"
                break
            case 'home': route = path = '/home'; break
            case 'my_orders': route = '/orders'; path = "$route?$limit"; break
            case 'dead_link':
                route = '/products/<product_id> (dead link)'; path = "/products/no-longer-sold-${rng.nextInt(100)}"; break
            case 'product': route = '/products/<product_id>'; path = "/products/${popular(products)}"; break
            default: throw new IllegalArgumentException(look)
        }
        set(label: "GET $API$route".toString(), path: "$API$path".toString())
        set(authorized: look == 'my_orders' ? 'true' : 'false')
        authorize()
    }

    /** Before an order: the products, how many of each, and the idempotency key. */
    void order() {
        List<String> liked = [vars.get('liked')] + products()
        Set<String> wanted = [liked[0]] as LinkedHashSet
        for (int more = whole('LINES') - 1; more > 0; more--) wanted << one(liked)
        List items = wanted.collect { [product_id: it, quantity: whole('QUANTITY')] }
        set(body: JsonOutput.toJson([items: items]), key: "jmeter-${UUID.randomUUID()}".toString())
        set(authorized: vars.get('token') ? 'true' : 'false', polls: '0')
        authorize()
    }

    /** Before a request that may be authenticated: set the token, or no header. Guests do not send an empty header. */
    void authorize() {
        def headers = ((HTTPSamplerBase) ctx.currentSampler).headerManager
        headers.removeHeaderNamed('Authorization')
        if (vars.get('authorized') == 'true') headers.add(new Header('Authorization', "Bearer ${vars.get('token')}".toString()))
    }

    /** After every response: which server sent it, whether it is a success, and what the customer learns from it. */
    void answered() {
        SampleResult got = ctx.previousResult
        String label = got.sampleLabel, code = got.responseCode
        got.successful = code == EXPECTED.getOrDefault(label, '200')
        // The application sets this header on all its responses (app/headers.py); NGINX's own have none.
        boolean api = got.responseHeaders.toLowerCase(Locale.ROOT).contains('x-content-type-options:')
        set(by: !code.isInteger() ? 'no response' : api ? 'API' : 'NGINX', order: '')
        // 409 for an address that only we use: the registration succeeded, but its response was lost.
        if (label.startsWith("POST $API/auth/") && code in ['201', '409']) ((Map) vars.getObject('mine')).known = true
        if (got.successful) learn(label, got)
        if (label == "GET $API/home" && !products()) set(steps: '0', orders: 'false', enters: 'false')
        if (Run.requests.incrementAndGet() == (vars.get('MOST_REQUESTS') as long)) ctx.engine.askThreadsToStop()
    }

    private void learn(String label, SampleResult got) {
        switch (label) {
            case "GET $API/home".toString():
                // The visit's first page initialises the list; later views of home keep the latest list.
                if (!products()) {
                    Map home = content(got)
                    vars.putObject('products', ids(home.best_sellers) + ids(home.first_page))
                    set(liked: products()[0] ?: '')
                }
                break
            case "GET $API/products".toString():
            case "GET $API/products/search".toString():
                List<String> found = ids(content(got).items)
                if (found) vars.putObject('products', found)
                break
            case "POST $API/auth/register".toString():
            case "POST $API/auth/login".toString():
                set(token: (String) content(got).access_token)
                break
            case "POST $API/orders".toString():
                set(order_id: (String) content(got).id, polling: 'true')
                break
            case ORDER:
                String status = content(got).status
                boolean ended = status in vars.get('FINAL').split(' ')
                if (ended) set(order: status)
                if (ended || (vars.get('polls') as int) >= numbers('POLL_SECONDS').size()) set(polling: 'false')
        }
        if (label == vars.get('label')) set(liked: popular(products()))
    }

    /** Before a visit. Short before a user's first visit: it only desynchronises the users. */
    private long rest() {
        boolean first = vars.getObject('rested') == null
        vars.putObject('rested', true)
        return between(first ? [0d, (think('LEAST') + think('MORE')) / 1000] : numbers('REST_SECONDS'))
    }

    private long poll() {
        int polls = vars.get('polls') as int
        set(polls: (polls + 1).toString())
        return Math.round(1000 * numbers('POLL_SECONDS')[polls])
    }

    private String chosen() {
        List<List<String>> looks = vars.get('LOOKS').split(' ').collect { it.split('=') as List<String> }
        double left = rng.nextDouble() * (double) looks.sum { List<String> look -> look[1] as double }
        for (List<String> look : looks) {
            left -= look[1] as double
            if (left < 0) return look[0]
        }
        return looks.last()[0]
    }

    /** Zipf's law: the nth of the list is chosen about n times less often than the first. */
    private String popular(List<String> products) {
        products[Math.min((int) Math.pow(products.size() + 1, rng.nextDouble()), products.size()) - 1]
    }

    private static List<String> ids(Object items) {
        // An item without a stock field is not a product.
        ((List<Map>) items ?: []).findAll { it.containsKey('stock') }.collect { (String) it.id }
    }

    private static Map content(SampleResult got) { (Map) new JsonSlurper().parse(got.responseData) }

    private List<String> products() { (List<String>) vars.getObject('products') }

    private String one(List<String> list) { list[rng.nextInt(list.size())] }

    private double think(String name) { vars.get("THINK_${name}_MS") as double }

    private boolean share(String name) { rng.nextDouble() < (vars.get(name) as double) }

    private List<Double> numbers(String name) { vars.get(name).split(' ').collect { it as double } }

    private int whole(String name) {
        List<Double> range = numbers(name)
        return rng.nextInt((int) range[0], (int) range[1] + 1)
    }

    private long between(List<Double> range) { Math.round(1000 * (range[0] + (range[1] - range[0]) * rng.nextDouble())) }

    private void set(Map<String, String> values) { values.each { name, value -> vars.put(name, value) } }
}

return new Customer(ctx).act(args[0])
