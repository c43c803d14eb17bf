// Java client of the laboratory: requests that share a connection.
import java.io.InputStream;
import java.net.URL;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

public class Client {
	public static void main(String[] a) throws Exception {
		TrustManager all = new X509TrustManager() {
			public void checkClientTrusted(X509Certificate[] c, String t) {}
			public void checkServerTrusted(X509Certificate[] c, String t) {}
			public X509Certificate[] getAcceptedIssuers() {
				return new X509Certificate[0];
			}
		};
		SSLContext ctx = SSLContext.getInstance("TLS");

		ctx.init(null, new TrustManager[] { all }, null);
		HttpsURLConnection.setDefaultSSLSocketFactory(
			ctx.getSocketFactory());
		HttpsURLConnection.setDefaultHostnameVerifier((h, s) -> true);
		for (int i = 1; i < a.length; i++)
			try (InputStream in = new URL(a[0] + a[i]).openStream()) {
				in.readAllBytes();
			}
	}
}
